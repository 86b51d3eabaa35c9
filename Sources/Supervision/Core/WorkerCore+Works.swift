import Trials

extension WorkerCore {
  /// Takes in what became of a work here.
  mutating func handleWork(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .imagesReady(let id):
      guard let order = preparing(id) else { return [] }
      return [.fetchCheckpoint(id, order)]
    case .checkpointReady(let id, let checkpoint, let refusals, let refused):
      guard let order = preparing(id) else { return [] }
      works[id]?.phase = .training(nil)
      works[id]?.stall.start(at: now)
      works[id]?.checkpoints.stored = checkpoint?.stored
      works[id]?.checkpoints.claimed = checkpoint?.stored
      works[id]?.checkpoints.refused = refused
      works[id]?.checkpoints.beginsAtOwn = checkpoint.map { $0.stored == nil } ?? false
      return refusals.map { .notify("trial \(id.trial): checkpoint not of use: \($0)") }
        + [.startTrial(id, order, from: checkpoint)]
    case .trialBegan(let id, let beginning):
      works[id]?.stream.begin(after: beginning.trajectory, at: now)
      if beginning.step == 0 { works[id]?.checkpoints.beginsAtOwn = false }
      if beginning.step == 0, let stored = works[id]?.checkpoints.stored {
        // The process found what the fetch had not: nobody is to go on from it.
        works[id]?.checkpoints.refused.append(
          RefusedCheckpoint(
            digest: stored.digest, reason: beginning.refusals.first ?? "refused by the trial"))
        works[id]?.checkpoints.stored = nil
        works[id]?.checkpoints.claimed = nil
      }
      let start = beginning.step > 0 ? ["goes on from step \(beginning.step)"] : []
      return (beginning.refusals.map { "checkpoint refused: \($0)" } + start)
        .map { .notify("trial \(id.trial) \($0)") }
    case .trialProgressed(let id, let progress):
      guard case .training = works[id]?.phase else { return [] }
      works[id]?.phase = .training(progress)
      works[id]?.stall.note(step: progress.step, at: now)
      return []
    case .trialFinished(let id, let result): return finish(id, result)
    case .trialFailed(let id, let failure), .preparationFailed(let id, let failure):
      return fail(id, failure, at: now)
    case .handedBack(let id, let left):
      guard let work = works[id], case .handingBack(let failure, _) = work.phase else { return [] }
      if let checkpoint = left.checkpoint, !work.stream.hasTaken(checkpoint.trajectory) {
        // Without the trajectory up to it, it is of no use to whoever tries next.
        works[id]?.phase = .parting(failure, left)
        return shipNextPiece(at: now)
      }
      return part(work, failure, left)
    case .artifactsUploaded(let id):
      guard case .uploading(let result) = works[id]?.phase else { return [] }
      works[id]?.phase = .delivering(result)
      return reportIfTaken(id, at: now) + shipNextPiece(at: now)
    case .uploadFailed(let id, let reason):
      guard case .uploading(let result) = works[id]?.phase else { return [] }
      works[id]?.phase = .uploadDelayed(result, until: now + Self.uploadRetryDelay)
      return [.notify("trial \(id.trial): artifacts not sent yet: \(reason)")]
    default: return []
    }
  }

  /// Reports an attempt without a result, of which everything that is of use is handed in.
  mutating func part(
    _ work: Work, _ failure: TrialFailure, _ left: HandBack
  ) -> [WorkerEffect] {
    works[work.id] = nil
    let left = HandBack(checkpoint: left.checkpoint ?? work.checkpoints.claimed, log: left.log)
    return [
      .sendFailure(trial: work.id.trial, attempt: work.attempt, failure, left), .discard(work.id),
    ] + exitIfDone()
  }

  private func preparing(_ id: WorkID) -> WorkOrder? {
    guard let work = works[id], case .preparing = work.phase else { return nil }
    return work.order
  }

  mutating func accept(_ order: WorkOrder, at now: Duration) -> [WorkerEffect] {
    // Before a welcome nobody could be told of it; it is repeated.
    guard order.sweep == sweep else { return [] }
    var effects: [WorkerEffect] = []
    if let void = work(on: order.trial), void.attempt <= order.voidThrough {
      effects = dismiss(void, "what its attempts have left was discarded", exits: false)
    }
    if let known = work(on: order.trial) {
      // A repeated order, or a newer attempt at what this worker already does: the computation
      // is the same, so only its number changes.
      guard order.attempt > known.attempt else { return [] }
      works[known.id]?.attempt = order.attempt
      works[known.id]?.order?.attempt = order.attempt
      guard case .reporting(let result, _) = known.phase else { return [] }
      return [.sendResult(trial: order.trial, attempt: order.attempt, result)]
    }
    if stopping != nil { return effects + refuse(order, .stopped, "the worker is stopping") }
    if let cacheObstacle { return effects + refuse(order, .stopped, cacheObstacle) }
    if let obstacle { return effects + refuse(order, .diskFull, obstacle) }
    guard works.values.count(where: { $0.phase.occupiesSlot }) < slots else {
      return effects + refuse(order, .stopped, "all \(slots) slots are taken")
    }
    launchCount += 1
    let id = WorkID(sweep: order.sweep, trial: order.trial, launch: launchCount)
    works[id] = Work(id: id, order: order, attempt: order.attempt, phase: .preparing)
    return effects + [.fetchImages(id, order)]
  }

  private func refuse(
    _ order: WorkOrder, _ cause: FailureCause, _ reason: String
  ) -> [WorkerEffect] {
    [
      .sendFailure(
        trial: order.trial, attempt: order.attempt, TrialFailure(cause: cause, message: reason),
        HandBack())
    ]
  }

  mutating func acknowledge(_ trial: TrialID, _ number: Int) -> [WorkerEffect] {
    guard let work = work(on: trial), work.attempt <= number else { return [] }
    // Somebody else's result of a running trial is recorded: this attempt is no longer wanted.
    guard work.phase.result != nil else {
      return dismiss(work, "the trial already has its result")
    }
    works[work.id] = nil
    return [.discard(work.id)] + exitIfDone()
  }

  mutating func abandon(
    _ trial: TrialID, _ number: Int, _ reason: String
  ) -> [WorkerEffect] {
    guard let work = work(on: trial), work.attempt <= number, work.phase.result == nil else {
      return []
    }
    return dismiss(work, reason)
  }

  /// Ends a work whose end nobody wants to know of.
  private mutating func dismiss(
    _ work: Work, _ reason: String, exits: Bool = true
  ) -> [WorkerEffect] {
    let end = { (core: WorkerCore) in exits ? core.exitIfDone() : [] }
    let notice = WorkerEffect.notify("trial \(work.id.trial) abandoned: \(reason)")
    guard work.phase.hasProcess else {
      works[work.id] = nil
      return [notice, .discard(work.id)] + end(self)
    }
    works[work.id]?.phase = .dismissed
    return [notice, .killTrial(work.id)] + end(self)
  }

  private mutating func finish(_ id: WorkID, _ result: SpooledResult) -> [WorkerEffect] {
    guard let work = works[id], work.phase.isClaimed else {
      works[id] = nil
      return [.discard(id)]
    }
    var result = result
    let whole = result.artifacts.first { $0.kind == .trajectory }
    // The state at the trial's end is the checkpoint with the whole trajectory before it.
    if work.order?.wantsLastCheckpoint == true, let newest = work.checkpoints.newest,
      newest.checkpoint.trajectory.byteCount == whole?.byteCount
    {
      result.lastCheckpoint = newest
    }
    works[id]?.stream.note(writtenByteCount: whole?.byteCount ?? 0)
    return [.notify("trial \(id.trial) finished in \(Int(result.seconds)) s")]
      + beginUpload(id, result)
  }

  private mutating func fail(
    _ id: WorkID, _ failure: TrialFailure, at now: Duration
  ) -> [WorkerEffect] {
    var effects =
      failure.cause == .diskFull ? tellOfDisk(disk.noteFull(at: now), at: now) : []
    guard let work = works[id] else { return effects + [.discard(id)] }
    switch work.phase {
    case .preparing:
      works[id] = nil
      effects += [
        .notify("trial \(id.trial) did not begin: \(failure.message)"), .discard(id),
        .sendFailure(trial: id.trial, attempt: work.attempt, failure, HandBack()),
      ]
      return effects + exitIfDone()
    case .training, .draining: return effects + handBack(work, blamed(failure, of: work))
    case .killed(let reason): return effects + handBack(work, reason)
    case .dismissed:
      works[id] = nil
      return effects + [.discard(id)]
    case .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting: return effects
    }
  }

  /// What a work died of: one that diverged after it went on from a checkpoint of this host alone says
  /// nothing against its trial, which the coordinator lets begin anew.
  private func blamed(_ failure: TrialFailure, of work: Work) -> TrialFailure {
    guard failure.cause == .notANumber, work.checkpoints.beginsAtOwn else { return failure }
    return TrialFailure(
      cause: .lost,
      message: "it went on from a checkpoint that only this host had, and \(failure.message)")
  }

  /// Tells people of a change of the disk's standing and the coordinator at once, so that it assigns
  /// nothing in vain.
  mutating func tellOfDisk(_ change: String?, at now: Duration) -> [WorkerEffect] {
    change.map { [.notify($0)] + beat(at: now) } ?? []
  }

  mutating func beginUpload(_ id: WorkID, _ result: SpooledResult) -> [WorkerEffect] {
    guard link.isJoined else {
      works[id]?.phase = .uploadDelayed(result, until: .zero)
      return []
    }
    works[id]?.phase = .uploading(result)
    return [.upload(id, result)]
  }
}
