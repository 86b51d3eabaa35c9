import Narrowing
import Trials

/// Which checkpoint is on its way to the coordinator, and when the next may follow.
struct CheckpointShipping {
  /// Checkpoints leave the link alone for so many times what they took.
  private static let restMultiple = 3
  /// No rest is longer, so that on a slow link, too, nobody loses more than minutes.
  private static let restMaximum = Duration.seconds(240)
  /// What failed is tried again after the shorter pause, which doubles up to the longer: a
  /// coordinator that was restarted is there again, one that has no room is not.
  private static let retryDelay = (first: Duration.seconds(1), longest: Duration.seconds(30))

  /// The work whose checkpoint is being sent.
  private(set) var current: WorkID?
  private var restUntil = Duration.zero
  private var retryDelay = Self.retryDelay.first

  /// Whether one may be sent now.
  func isFree(at now: Duration) -> Bool { current == nil && now >= restUntil }

  mutating func begin(_ id: WorkID) { current = id }

  mutating func end(took duration: Duration, at now: Duration) {
    current = nil
    retryDelay = Self.retryDelay.first
    restUntil = now + min(duration * Self.restMultiple, Self.restMaximum)
  }

  mutating func fail(at now: Duration) {
    current = nil
    restUntil = now + retryDelay
    retryDelay = min(retryDelay * 2, Self.retryDelay.longest)
  }
}

extension WorkerCore {
  /// Takes in what became of a checkpoint.
  mutating func handleCheckpoint(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .checkpointWritten(let id, let written):
      works[id]?.checkpoints.newest = written
    case .checkpointStored(let id, let checkpoint, let duration):
      shipping.end(took: duration, at: now)
      guard let work = works[id] else { break }
      works[id]?.checkpoints.storedAt = now
      guard checkpoint.step > work.checkpoints.stored?.step ?? -1 else { break }
      works[id]?.checkpoints.stored = checkpoint
      // The coordinator learns of it from a claim; the sooner, the less is done twice.
      return beat(at: now) + shipNextCheckpoint(at: now)
    case .checkpointNotStored(let id, let reason):
      shipping.fail(at: now)
      return [.notify("trial \(id.trial): checkpoint not sent yet: \(reason)")]
    default: break
    }
    return shipNextCheckpoint(at: now)
  }

  /// Sends the newest checkpoint of the trial whose last one was sent longest ago.
  ///
  /// One at a time: by the time the link is free, what was newest before may be superseded.
  mutating func shipNextCheckpoint(at now: Duration) -> [WorkerEffect] {
    guard link.isJoined, stopping == nil, shipping.isFree(at: now) else { return [] }
    let candidates = currentWorks.filter {
      if case .training = $0.phase { $0.checkpoints.pending != nil } else { false }
    }
    guard let next = candidates.min(by: { $0.checkpoints.storedAt < $1.checkpoints.storedAt }),
      let pending = next.checkpoints.pending
    else { return [] }
    shipping.begin(next.id)
    return [.uploadCheckpoint(next.id, pending)]
  }

  /// Reports a work that ended without a result, after its log and its last checkpoint are stored.
  mutating func handBack(_ work: Work, _ failure: TrialFailure) -> [WorkerEffect] {
    if stopping?.handsBack == false {
      // Nobody is there to take anything; the checkpoint stays for this host's next worker.
      works[work.id] = nil
      return exitIfDone()
    }
    works[work.id]?.phase = .handingBack(failure, isUnderWay: link.isJoined)
    return [.notify("trial \(work.id.trial) ended without a result: \(failure.message)")]
      + (link.isJoined ? [.handBack(work.id, lastCheckpoint(of: work, after: failure))] : [])
  }

  /// Takes up what could not be handed back before.
  mutating func resumeHandingBack(_ work: Work) -> [WorkerEffect] {
    guard case .handingBack(let failure, isUnderWay: false) = work.phase else { return [] }
    works[work.id]?.phase = .handingBack(failure, isUnderWay: true)
    return [.handBack(work.id, lastCheckpoint(of: work, after: failure))]
  }

  /// The checkpoint that whoever tries next should have; none when it leads to the same end.
  private func lastCheckpoint(of work: Work, after failure: TrialFailure) -> WrittenCheckpoint? {
    switch failure.cause {
    case .notANumber, .refused: nil
    case .exitCode, .signal, .outOfMemory, .timeout, .lost, .stopped, .diskFull, .parentFailed:
      work.checkpoints.pending
    }
  }

  /// Ends trials that have taken no step for too long.
  mutating func endStalledTrials(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    for work in currentWorks {
      guard case .training(let progress) = work.phase, let limit = work.order?.stallTimeout,
        now - work.stall.since > limit
      else { continue }
      let place = progress.map { "after step \($0.step) of \($0.totalSteps)" } ?? "at its beginning"
      works[work.id]?.phase = .killed(
        TrialFailure(
          cause: .timeout, message: "no step for \(limit.components.seconds) s \(place)"))
      effects.append(.killTrial(work.id))
    }
    return effects
  }
}
