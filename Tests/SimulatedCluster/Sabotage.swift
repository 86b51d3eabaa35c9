import Coordination
import Trials

/// A bug planted between the coordinator and its shell, which the checkers must find.
package enum Sabotage: String, CaseIterable, Sendable {
  case dropsLeaseRecords
  case dropsResultRecords
  case sendsBeforeAppending
  case acknowledgesBeforeRecording
  case recordsSecondResults
  case reusesAttemptNumbers
  case neverNoticesSilence
  case neverAssignsAgain
  case overloadsWorkers
  case nudgesTolerances
  case recordsOtherNumbers
  case givesUpTooSoon
  case abandonsLiveLeases
  case forgetsCheckpoints
  case deletesNeededCheckpoints
  case neverDeletesCheckpoints
  case duplicatesOnTheSameWorker
  case leasesOnDrainedHosts
  case leasesInPausedStages
  case stopsFinishedTrials
  case drainsUnwrittenHosts
  case overlooksObstacles
  case trustsCanariesTooSoon
  case dropsReportRecords
  case recordsOtherReports
  case dropsPieceRecords
  case takesPiecesUnread
  case concealsVoidAttempts
  case returnsDiscardedResults
  case discardsParentsAlone
  case extendsStrangers
  case deletesLastCheckpoints
  case chargesFlawedCheckpoints
  case overlooksRefusals
  case believesAnybody
  case recordsOtherSenders
  case concealsDistrust
  case dividesTooManyCores

  /// Whether it has effects only with lying workers or flawed checkpoints.
  package var concernsTrust: Bool {
    switch self {
    case .chargesFlawedCheckpoints, .overlooksRefusals, .believesAnybody, .recordsOtherSenders,
      .concealsDistrust:
      true
    default: false
    }
  }

  /// Whether it has effects only when a person discards results.
  package var concernsDiscards: Bool {
    switch self {
    case .concealsVoidAttempts, .returnsDiscardedResults, .discardsParentsAlone: true
    default: false
    }
  }

  func alter(_ event: Event, in checker: JournalChecker) -> Event? {
    switch (self, event) {
    case (
      .chargesFlawedCheckpoints,
      .attemptFailed(let trial, let attempt, var failure, let checkpoint, let connection)
    ) where failure.cause == .notANumber:
      failure = TrialFailure(cause: .exitCode, message: "planted")
      return .attemptFailed(
        trial: trial, attempt: attempt, failure: failure, checkpoint: checkpoint, on: connection)
    case (.overlooksRefusals, .heartbeatReceived(let claims, let obstacle, let connection)):
      return .heartbeatReceived(
        claims: claims.map(withoutRefusals), obstacle: obstacle, on: connection)
    case (.overlooksRefusals, .workerAnnounced(var announcement, let connection)):
      announcement.claims = announcement.claims.map(withoutRefusals)
      return .workerAnnounced(announcement, on: connection)
    case (
      .believesAnybody,
      .reportReached(let trial, let attempt, let index, let report, let connection)
    ):
      return .reportReached(
        trial: trial, attempt: attempt, index: index, report: report,
        on: checker.connection(ofLessee: attempt, of: trial) ?? connection)
    case (.neverNoticesSilence, .clockTicked): return nil
    case (.overloadsWorkers, .workerAnnounced(var announcement, let connection)):
      announcement.slots += 1
      return .workerAnnounced(announcement, on: connection)
    case (.dividesTooManyCores, .workerAnnounced(var announcement, let connection))
    where announcement.divisibleCores > 0:
      announcement.divisibleCores += 1
      return .workerAnnounced(announcement, on: connection)
    case (.overlooksObstacles, .workerAnnounced(var announcement, let connection)):
      announcement.obstacle = nil
      return .workerAnnounced(announcement, on: connection)
    case (.overlooksObstacles, .heartbeatReceived(let claims, _, let connection)):
      return .heartbeatReceived(claims: claims, on: connection)
    case (.trustsCanariesTooSoon, .heartbeatReceived(let claims, let obstacle, let connection)):
      return .heartbeatReceived(
        claims: claims.map(withProgress), obstacle: obstacle, on: connection)
    default: return event
    }
  }

  private func withoutRefusals(_ claim: AttemptClaim) -> AttemptClaim {
    var claim = claim
    claim.refusedCheckpoints = []
    return claim
  }

  private func withProgress(_ claim: AttemptClaim) -> AttemptClaim {
    var claim = claim
    claim.progress =
      claim.progress
      ?? TrialProgress(
        step: 1, totalSteps: SimulatedSweep.steps, mse: 9, gatesOpen: 4, multiplier: 1,
        stepsPerSecond: 1)
    return claim
  }

  func alter(_ effects: [Effect], in checker: JournalChecker) -> [Effect] {
    switch self {
    case .sendsBeforeAppending:
      let isAppend = { (effect: Effect) in if case .append = effect { true } else { false } }
      return effects.filter { !isAppend($0) } + effects.filter(isAppend)
    default: return effects.flatMap { alter($0, in: checker) }
    }
  }

  private func alter(_ effect: Effect, in checker: JournalChecker) -> [Effect] {
    switch (self, effect) {
    case (.neverAssignsAgain, .send(.assign(let assignment), _)) where assignment.attempt > 1:
      return []
    case (.dropsLeaseRecords, .append(.trialLeased)): return []
    case (.dropsResultRecords, .append(.resultRecorded)): return []
    case (.acknowledgesBeforeRecording, .send(.assign(let assignment), let connection)):
      return [
        effect,
        .send(
          .acknowledge(trial: assignment.trial, attempt: assignment.attempt), to: connection),
      ]
    case (.recordsSecondResults, .notify(.resultRepeated(let trial, let attempt, let worker, _))):
      guard let result = checker.results[trial] else { return [effect] }
      return [
        .append(
          .resultRecorded(trial: trial, attempt: attempt, worker: worker, result: result)), effect,
      ]
    case (.reusesAttemptNumbers, .append(.trialLeased(let trial, _, let worker))):
      return [.append(.trialLeased(trial: trial, attempt: 1, worker: worker))]
    case (.nudgesTolerances, .send(.assign(var assignment), let connection)):
      guard case .value(let tolerance) = assignment.configuration.tolerance, tolerance > 0 else {
        return [effect]
      }
      assignment.configuration.tolerance = .value(tolerance.nextUp)
      return [.send(.assign(assignment), to: connection)]
    case (
      .recordsOtherNumbers,
      .append(.resultRecorded(let trial, let attempt, let worker, var result, let checkpoint))
    ):
      result.result.milestones[0].mse = result.result.milestones[0].mse.nextUp
      return [
        .append(
          .resultRecorded(
            trial: trial, attempt: attempt, worker: worker, result: result, checkpoint: checkpoint))
      ]
    case (.givesUpTooSoon, .append(.attemptEnded(let trial, _, let failure))):
      return [effect, .append(.trialFailed(trial: trial, failure: failure))]
    case (.abandonsLiveLeases, .send(.assign(let assignment), let connection)):
      return [
        effect,
        .send(
          .abandon(trial: assignment.trial, attempt: assignment.attempt, reason: "planted"),
          to: connection),
      ]
    default: return alterNewer(effect, in: checker)
    }
  }

  private func alterNewer(_ effect: Effect, in checker: JournalChecker) -> [Effect] {
    switch (self, effect) {
    case (.forgetsCheckpoints, .send(.assign(var assignment), let connection)):
      assignment.checkpoints = []
      return [.send(.assign(assignment), to: connection)]
    case (
      .deletesNeededCheckpoints, .append(.checkpointRecorded(_, _, let checkpoint))
    ):
      return [effect, .discardCheckpoint(checkpoint.digest)]
    case (.neverDeletesCheckpoints, .discardCheckpoint): return []
    case (.duplicatesOnTheSameWorker, .append(.trialLeased(let trial, let attempt, let worker))):
      return [
        effect, .append(.trialDuplicated(trial: trial, attempt: attempt + 1, worker: worker)),
      ]
    case (.leasesOnDrainedHosts, .append(.trialLeased(_, _, let worker))):
      return [
        .append(.hostDrained(host: checker.host(of: worker) ?? "", reason: "planted")), effect,
      ]
    case (.leasesInPausedStages, .append(.trialLeased(let trial, _, _))):
      let failure = TrialFailure(cause: .signal, message: "planted")
      return [
        .append(.stagePaused(stage: checker.stage(of: trial) ?? "", failure: failure)), effect,
      ]
    case (.stopsFinishedTrials, .append(.resultRecorded(let trial, _, _, _, _))):
      return [effect, .append(.trialStopped(trial: trial, reason: "planted"))]
    case (.drainsUnwrittenHosts, .send(.welcome, let connection)):
      return [effect, .send(.drain(reason: "planted"), to: connection)]
    default: return alterStreams(effect, in: checker)
    }
  }

  /// Bugs concerning reports, pieces, discards and checkpoints.
  private func alterStreams(_ effect: Effect, in checker: JournalChecker) -> [Effect] {
    switch (self, effect) {
    case (.dropsReportRecords, .append(.reportRecorded)): return []
    case (
      .recordsOtherReports,
      .append(.reportRecorded(let trial, let attempt, let worker, let set, let index, var report))
    ):
      report.mse = report.mse.nextUp
      return [
        .append(
          .reportRecorded(
            trial: trial, attempt: attempt, worker: worker, instructionSet: set, index: index,
            report: report))
      ]
    case (.dropsPieceRecords, .append(.trajectoryExtended)): return []
    case (.takesPiecesUnread, .append(.trajectoryExtended(let trial, let attempt, var piece))):
      piece = TrajectoryPiece(after: piece.end, payload: piece.payload)
      return [.append(.trajectoryExtended(trial: trial, attempt: attempt, piece: piece))]
    case (.concealsVoidAttempts, .send(.assign(var assignment), let connection)):
      assignment.voidThrough = 0
      return [.send(.assign(assignment), to: connection)]
    case (.returnsDiscardedResults, .append(.resultDiscarded(let trial, _))):
      guard let result = checker.results[trial] else { return [effect] }
      return [
        effect,
        .append(
          .resultRecorded(trial: trial, attempt: 1, worker: WorkerID("w0"), result: result)),
      ]
    case (.discardsParentsAlone, .append(.attemptsVoided)): return []
    case (.discardsParentsAlone, .append(.resultDiscarded(let trial, _)))
    where checker.hasParents(trial): return []
    case (.extendsStrangers, .append(.checkpointRecorded(let trial, _, let checkpoint))):
      return [.append(.checkpointRecorded(trial: trial, attempt: 0, checkpoint: checkpoint))]
    case (
      .recordsOtherSenders,
      .append(.resultRecorded(let trial, let attempt, _, let result, let checkpoint))
    ):
      return [
        .append(
          .resultRecorded(
            trial: trial, attempt: attempt, worker: WorkerID("w0"), result: result,
            checkpoint: checkpoint))
      ]
    case (.concealsDistrust, .send(.assign(var assignment), let connection)):
      assignment.distrustedThrough = 0
      return [.send(.assign(assignment), to: connection)]
    case (
      .deletesLastCheckpoints, .append(.resultRecorded(_, _, _, _, let checkpoint?))
    ):
      return [effect, .discardCheckpoint(checkpoint.digest)]
    default: return [effect]
    }
  }
}
