import Trials

extension WorkerCore {
  /// Handles events of checkpoints.
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
      // The claim tells the coordinator of the checkpoint. Sending it early avoids repeated work.
      let claims = works[id]?.claimCheckpoint() == true ? beat(at: now) : []
      return claims + shipNextCheckpoint(at: now) + shipNextPiece(at: now)
    case .checkpointNotStored(let id, let reason):
      shipping.fail(at: now)
      return [.notify("trial \(id.trial): checkpoint not sent yet: \(reason)")]
    default: break
    }
    return shipNextCheckpoint(at: now)
  }

  /// Uploads the newest checkpoint of the trial whose last upload was longest ago.
  ///
  /// One at a time, since a waiting checkpoint may be superseded before the link is free.
  mutating func shipNextCheckpoint(at now: Duration) -> [WorkerEffect] {
    guard let time = shippingDeadline, now >= time, let next = nextToShip,
      let pending = next.checkpoints.pending
    else { return [] }
    shipping.begin(next.id)
    return [.uploadCheckpoint(next.id, pending)]
  }

  /// When the next waiting checkpoint may be sent; nil if none waits.
  var shippingDeadline: Duration? {
    guard link.isJoined, stopping == nil, shipping.current == nil, nextToShip != nil else {
      return nil
    }
    return shipping.restUntil
  }

  private var nextToShip: Work? {
    let candidates = works.values.filter {
      guard case .training = $0.phase, $0.id.sweep == sweep else { return false }
      return $0.checkpoints.pending != nil
    }
    return candidates.min { ($0.checkpoints.storedAt, $0.id) < ($1.checkpoints.storedAt, $1.id) }
  }

  /// Reports a work that ended without a result, after its log and its last checkpoint are stored.
  mutating func handBack(_ work: Work, _ failure: TrialFailure) -> [WorkerEffect] {
    if stopping?.handsBack == false {
      // There is no coordinator. The checkpoint stays for this host's next worker.
      works[work.id] = nil
      return exitIfDone()
    }
    works[work.id]?.phase = .handingBack(failure, isUnderWay: link.isJoined)
    return [.notify("trial \(work.id.trial) ended without a result: \(failure.message)")]
      + (link.isJoined ? [.handBack(work.id, lastCheckpoint(of: work, after: failure))] : [])
  }

  /// Retries handing back a work.
  mutating func resumeHandingBack(_ work: Work) -> [WorkerEffect] {
    guard case .handingBack(let failure, isUnderWay: false) = work.phase else { return [] }
    works[work.id]?.phase = .handingBack(failure, isUnderWay: true)
    return [.handBack(work.id, lastCheckpoint(of: work, after: failure))]
  }

  /// The checkpoint for the next attempt; nil if it would lead to the same failure.
  private func lastCheckpoint(of work: Work, after failure: TrialFailure) -> WrittenCheckpoint? {
    if failure.cause == .lost, work.checkpoints.beginsAtOwn { return nil }
    return switch failure.cause {
    case .notANumber, .refused, .resultRefused, .badCheckpoint: nil
    case .exitCode, .signal, .outOfMemory, .timeout, .lost, .stopped, .diskFull, .parentFailed:
      work.checkpoints.pending
    }
  }

  /// Ends trials that have taken no step for too long.
  mutating func endStalledTrials(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    for work in currentWorks {
      let progress: TrialProgress?
      switch work.phase {
      case .training(let latest), .changingThreads(let latest): progress = latest
      default: continue
      }
      guard let limit = work.assignment?.stallTimeout, now >= work.stall.since + limit else {
        continue
      }
      let place = progress.map { "after step \($0.step) of \($0.totalSteps)" } ?? "at its beginning"
      works[work.id]?.phase = .killed(
        TrialFailure(
          cause: .timeout, message: "no step for \(limit.components.seconds) s \(place)"))
      effects.append(.killTrial(work.id))
    }
    return effects
  }
}
