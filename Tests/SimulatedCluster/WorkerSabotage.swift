import Supervision
import Trials

/// A bug planted between a real worker's decisions and its shell, to see that the checkers find it.
package enum WorkerSabotage: String, CaseIterable, Sendable {
  case dropsResultsOnAbandon
  case dropsReportedResults
  case neverReportsAgain
  case reportsBeforeUploading
  case neverReadsPiecesAgain
  case neverSendsReportsAgain
  case readsBeyondTheEnd
  case neverUploadsAgain
  case takesMoreThanItsSlots
  case handsBackAndTrainsOn
  case neverHandsBack
  case ignoresAbandon
  case killsNobody
  case neverAnnouncesAgain
  case neverBeats
  case forgetsClaims
  case claimsFirstAttempts
  case startsOver
  case overlooksFullDisks
  case neverEnds
  case endsAtOnce
  case ticksLate
  case givesMoreThreads
  case changesThreadsWithoutCheckpoint

  /// Whether it has effects only on workers whose cores are divided.
  package var concernsThreads: Bool {
    self == .givesMoreThreads || self == .changesThreadsWithoutCheckpoint
  }

  func alter(_ event: WorkerEvent) -> WorkerEvent? {
    switch (self, event) {
    case (.ignoresAbandon, .abandoned), (.overlooksFullDisks, .diskMeasured): nil
    default: event
    }
  }

  func alter(
    _ effects: [WorkerEffect], after event: WorkerEvent, on bench: SimulatedBench
  ) -> [WorkerEffect] {
    let altered = effects.flatMap { alter($0, after: event, on: bench) }
    switch (self, event) {
    case (.dropsResultsOnAbandon, .abandoned(let trial, _, _)):
      return altered + bench.finished(trial).map { .discard($0) }
    case (.endsAtOnce, .assigned): return altered + [.exit(.stopped)]
    default: return altered
    }
  }

  private func alter(
    _ effect: WorkerEffect, after event: WorkerEvent, on bench: SimulatedBench
  ) -> [WorkerEffect] {
    switch (self, effect) {
    case (.dropsReportedResults, .sendResult(let trial, _, _)):
      return [effect] + bench.finished(trial).map { .discard($0) }
    case (.neverReportsAgain, .sendResult):
      if case .clockTicked = event { return [] }
      if case .welcomed = event { return [] }
      return [effect]
    case (.reportsBeforeUploading, .upload(let id, _)):
      guard let folder = bench.folders[id], let result = folder.result else { return [effect] }
      return [
        effect,
        .sendResult(trial: id.trial, attempt: folder.attempt, SpooledResult(result)),
      ]
    case (.neverReadsPiecesAgain, .readPiece):
      if case .clockTicked = event { return [] }
      return [effect]
    case (.neverSendsReportsAgain, .sendReport):
      if case .reportReached = event { return [effect] }
      return []
    case (.readsBeyondTheEnd, .readPiece(let id, let start, let fileBegins, let byteCount)):
      return [.readPiece(id, after: start, fileBegins: fileBegins, byteCount: byteCount + 1)]
    case (.neverUploadsAgain, .upload):
      if case .trialFinished = event { return [effect] }
      return []
    case (.handsBackAndTrainsOn, .drainTrial(let id)):
      let failure = TrialFailure(cause: .stopped, message: "planted")
      let attempt = bench.core.claims.first { $0.trial == id.trial }?.attempt ?? 1
      return [.sendFailure(trial: id.trial, attempt: attempt, failure, HandBack())]
    case (.neverHandsBack, .handBack), (.killsNobody, .killTrial), (.neverBeats, .beat),
      (.neverEnds, .exit):
      return []
    case (.neverAnnouncesAgain, .announce):
      if case .connected = event { return [effect] }
      return []
    case (.forgetsClaims, .announce): return [.announce([])]
    case (.forgetsClaims, .beat): return [.beat([])]
    case (.claimsFirstAttempts, .beat(let claims)):
      return [
        .beat(
          claims.map { claim in
            var claim = claim
            claim.attempt = 1
            return claim
          })
      ]
    case (.startsOver, .startTrial(let id, let order, _, let threads)):
      return [.startTrial(id, order, from: nil, threads: threads)]
    case (.givesMoreThreads, .startTrial(let id, let order, let start, let threads)):
      return [.startTrial(id, order, from: start, threads: threads + 1)]
    case (.changesThreadsWithoutCheckpoint, .restartTrial(let id, let order, _, let threads)):
      return [.restartTrial(id, order, from: nil, threads: threads)]
    default: return [effect]
    }
  }
}

extension SimulatedBench {
  /// The runs of a trial whose result is in a folder here.
  fileprivate func finished(_ trial: TrialID) -> [WorkID] {
    folders.filter { $0.key.trial == trial && $0.value.result != nil }.map(\.key).sorted()
  }
}
