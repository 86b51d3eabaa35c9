import Trials

extension WorkerCore {
  /// Takes in what became of a work here.
  mutating func handleWork(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .imagesReady(let id):
      guard let order = preparing(id) else { return [] }
      return [.fetchCheckpoint(id, order)]
    case .checkpointReady(let id, let checkpoint, let refusals):
      guard let order = preparing(id) else { return [] }
      works[id]?.phase = .training(nil)
      works[id]?.stall.start(at: now)
      works[id]?.checkpoints.stored = checkpoint?.stored
      return refusals.map { .notify("trial \(id.trial): checkpoint not of use: \($0)") }
        + [.startTrial(id, order, from: checkpoint)]
    case .trialBegan(let id, let beginning):
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
      works[id] = nil
      let left = HandBack(checkpoint: left.checkpoint ?? work.checkpoints.stored, log: left.log)
      return [
        .sendFailure(trial: id.trial, attempt: work.attempt, failure, left), .discard(id),
      ] + exitIfDone()
    case .artifactsUploaded(let id):
      guard let work = works[id], case .uploading(let result) = work.phase else { return [] }
      works[id]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
      return [.sendResult(trial: id.trial, attempt: work.attempt, result)]
    case .uploadFailed(let id, let reason):
      guard case .uploading(let result) = works[id]?.phase else { return [] }
      works[id]?.phase = .uploadDelayed(result, until: now + Self.uploadRetryDelay)
      return [.notify("trial \(id.trial): artifacts not sent yet: \(reason)")]
    default: return []
    }
  }

  private func preparing(_ id: WorkID) -> WorkOrder? {
    guard let work = works[id], case .preparing = work.phase else { return nil }
    return work.order
  }

  mutating func accept(_ order: WorkOrder, at now: Duration) -> [WorkerEffect] {
    if let known = work(on: order.trial) {
      // A repeated order, or a newer attempt at what this worker already does: the computation
      // is the same, so only its number changes.
      guard order.attempt > known.attempt else { return [] }
      works[known.id]?.attempt = order.attempt
      works[known.id]?.order?.attempt = order.attempt
      guard case .reporting(let result, _) = known.phase else { return [] }
      return [.sendResult(trial: order.trial, attempt: order.attempt, result)]
    }
    if stopping != nil { return refuse(order, .stopped, "the worker is stopping") }
    if let obstacle { return refuse(order, .diskFull, obstacle) }
    guard works.values.count(where: { $0.phase.occupiesSlot }) < slots else {
      return refuse(order, .stopped, "all \(slots) slots are taken")
    }
    launchCount += 1
    let id = WorkID(sweep: order.sweep, trial: order.trial, launch: launchCount)
    works[id] = Work(id: id, order: order, attempt: order.attempt, phase: .preparing)
    return [.fetchImages(id, order)]
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
  private mutating func dismiss(_ work: Work, _ reason: String) -> [WorkerEffect] {
    let notice = WorkerEffect.notify("trial \(work.id.trial) abandoned: \(reason)")
    guard work.phase.hasProcess else {
      works[work.id] = nil
      return [notice, .discard(work.id)] + exitIfDone()
    }
    works[work.id]?.phase = .dismissed
    return [notice, .killTrial(work.id)] + exitIfDone()
  }

  private mutating func finish(_ id: WorkID, _ result: TrialResult) -> [WorkerEffect] {
    guard let work = works[id], work.phase.isClaimed else {
      works[id] = nil
      return [.discard(id)]
    }
    return [.notify("trial \(id.trial) finished in \(Int(result.provenance.seconds)) s")]
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
    case .training, .draining: return effects + handBack(work, failure)
    case .killed(let reason): return effects + handBack(work, reason)
    case .dismissed:
      works[id] = nil
      return effects + [.discard(id)]
    case .handingBack, .uploading, .uploadDelayed, .reporting: return effects
    }
  }

  /// Tells people of a change of the disk's standing and the coordinator at once, so that it assigns
  /// nothing in vain.
  mutating func tellOfDisk(_ change: String?, at now: Duration) -> [WorkerEffect] {
    change.map { [.notify($0)] + beat(at: now) } ?? []
  }

  mutating func beginUpload(_ id: WorkID, _ result: TrialResult) -> [WorkerEffect] {
    guard link.isJoined else {
      works[id]?.phase = .uploadDelayed(result, until: .zero)
      return []
    }
    works[id]?.phase = .uploading(result)
    return [.upload(id, result.artifacts)]
  }
}
