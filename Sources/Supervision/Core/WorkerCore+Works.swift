import Trials

extension WorkerCore {
  /// Handles events of a work on this host.
  mutating func handleWork(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .imagesReady(let id):
      guard let assignment = preparing(id) else { return [] }
      return [.fetchCheckpoint(id, assignment)]
    case .checkpointReady(let id, let checkpoint, let refusals, let refused):
      guard let assignment = preparing(id) else { return [] }
      let threads = works[id]?.threads ?? 1
      works[id]?.phase = .training(nil)
      works[id]?.usedThreads = threads
      works[id]?.start = checkpoint
      works[id]?.stall.start(at: now)
      works[id]?.checkpoints.stored = checkpoint?.stored
      works[id]?.checkpoints.claimed = checkpoint?.stored
      works[id]?.checkpoints.refused = refused
      works[id]?.checkpoints.beginsAtOwn = checkpoint.map { $0.stored == nil } ?? false
      return refusals.map { .notify("trial \(id.trial): checkpoint not usable: \($0)") }
        + [.startTrial(id, assignment, from: checkpoint, threads: threads)]
    case .trialBegan(let id, let beginning):
      if let work = works[id], work.isRestarted { return noteRestart(of: work, beginning, at: now) }
      works[id]?.stream.begin(after: beginning.trajectory, at: now)
      if beginning.step == 0 { works[id]?.checkpoints.beginsAtOwn = false }
      if beginning.step == 0, let stored = works[id]?.checkpoints.stored {
        // The process could not use a checkpoint that had passed the check on fetching. It must not
        // be used again.
        works[id]?.checkpoints.refused.append(
          RefusedCheckpoint(
            digest: stored.digest, reason: beginning.refusals.first ?? "refused by the trial"))
        works[id]?.checkpoints.stored = nil
        works[id]?.checkpoints.claimed = nil
      }
      let start = beginning.step > 0 ? ["resumes from step \(beginning.step)"] : []
      return (beginning.refusals.map { "checkpoint refused: \($0)" } + start)
        .map { .notify("trial \(id.trial) \($0)") }
    case .trialProgressed(let id, let progress):
      guard case .training = works[id]?.phase else { return [] }
      works[id]?.phase = .training(progress)
      works[id]?.stall.note(step: progress.step, at: now)
      return changeThreads(of: id)
    case .trialFinished(let id, let result): return finish(id, result)
    case .trialFailed(let id, let failure), .preparationFailed(let id, let failure):
      return fail(id, failure, at: now)
    case .handedBack(let id, let left):
      guard let work = works[id], case .handingBack(let failure, _) = work.phase else { return [] }
      if let checkpoint = left.checkpoint, !work.stream.hasTaken(checkpoint.trajectory) {
        // The next attempt needs the trajectory up to the checkpoint.
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

  /// Reports an attempt without a result, after everything useful has been delivered.
  mutating func part(
    _ work: Work, _ failure: TrialFailure, _ left: HandBack
  ) -> [WorkerEffect] {
    works[work.id] = nil
    let left = HandBack(checkpoint: left.checkpoint ?? work.checkpoints.claimed, log: left.log)
    return [
      .sendFailure(trial: work.id.trial, attempt: work.attempt, failure, left), .discard(work.id),
    ] + exitIfDone()
  }

  private func preparing(_ id: WorkID) -> Assignment? {
    guard let work = works[id], case .preparing = work.phase else { return nil }
    return work.assignment
  }

  mutating func accept(_ assignment: Assignment, at now: Duration) -> [WorkerEffect] {
    // Before the welcome the worker cannot claim it. The assignment will be repeated.
    guard assignment.sweep == sweep else { return [] }
    var effects: [WorkerEffect] = []
    if let void = work(on: assignment.trial), void.attempt <= assignment.voidThrough {
      effects = dismiss(void, "a person has discarded the results of its attempts", exits: false)
    }
    if let known = work(on: assignment.trial) {
      // A repeated assignment, or a newer attempt at a trial that this worker already runs. The
      // computation is the same, so only its number changes.
      guard assignment.attempt > known.attempt else { return [] }
      works[known.id]?.attempt = assignment.attempt
      works[known.id]?.assignment?.attempt = assignment.attempt
      if let threads = assignment.threads {
        let effects = setThreads(threads, of: assignment.trial, assignment.attempt)
        if !effects.isEmpty { return effects }
      }
      guard case .reporting(let result, _) = known.phase else { return [] }
      return [.sendResult(trial: assignment.trial, attempt: assignment.attempt, result)]
    }
    if stopping != nil { return effects + refuse(assignment, .stopped, "the worker is stopping") }
    if let cacheObstacle { return effects + refuse(assignment, .stopped, cacheObstacle) }
    if let obstacle { return effects + refuse(assignment, .diskFull, obstacle) }
    guard works.values.count(where: { $0.phase.occupiesSlot }) < slots else {
      return effects + refuse(assignment, .stopped, "all \(slots) slots are taken")
    }
    let threads = self.threads(ordered: assignment.threads, for: nil)
    guard threads >= 1 else {
      let reason = "all \(cores.divisibleCount) cores are taken"
      return effects + refuse(assignment, .stopped, reason)
    }
    launchCount += 1
    let id = WorkID(sweep: assignment.sweep, trial: assignment.trial, launch: launchCount)
    works[id] = Work(id: id, assignment: assignment, attempt: assignment.attempt, phase: .preparing)
    works[id]?.threads = threads
    return effects + [.fetchImages(id, assignment)]
  }

  private func refuse(
    _ assignment: Assignment, _ cause: FailureCause, _ reason: String
  ) -> [WorkerEffect] {
    [
      .sendFailure(
        trial: assignment.trial, attempt: assignment.attempt,
        TrialFailure(cause: cause, message: reason),
        HandBack())
    ]
  }

  mutating func acknowledge(_ trial: TrialID, _ number: Int) -> [WorkerEffect] {
    guard let work = work(on: trial), work.attempt <= number else { return [] }
    // Another worker's result of the running trial is recorded, so this attempt is not needed.
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

  /// Ends a work without reporting it.
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
    // A checkpoint with the whole trajectory before it is the final state.
    if work.assignment?.wantsLastCheckpoint == true, let newest = work.checkpoints.newest,
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
      failure.cause == .diskFull ? reportDiskChange(disk.noteFull(at: now), at: now) : []
    guard let work = works[id] else { return effects + [.discard(id)] }
    switch work.phase {
    case .preparing:
      works[id] = nil
      effects += [
        .notify("trial \(id.trial) did not begin: \(failure.message)"), .discard(id),
        .sendFailure(trial: id.trial, attempt: work.attempt, failure, HandBack()),
      ]
      return effects + exitIfDone()
    case .changingThreads where failure.cause == .stopped: return effects + restart(work, at: now)
    case .training, .changingThreads, .draining:
      return effects + handBack(work, blamed(failure, of: work))
    case .killed(let reason): return effects + handBack(work, reason)
    case .dismissed:
      works[id] = nil
      return effects + [.discard(id)]
    case .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting: return effects
    }
  }

  /// The failure to report for a work.
  ///
  /// If it diverged after resuming from a checkpoint that only this host has, the trial is not to
  /// blame, and the coordinator restarts it.
  private func blamed(_ failure: TrialFailure, of work: Work) -> TrialFailure {
    guard failure.cause == .notANumber, work.checkpoints.beginsAtOwn else { return failure }
    return TrialFailure(
      cause: .lost,
      message: "it had resumed from a checkpoint that only this host has: \(failure.message)")
  }

  /// Reports a change of the disk's state to people and at once to the coordinator, so that it does
  /// not assign more.
  mutating func reportDiskChange(_ change: String?, at now: Duration) -> [WorkerEffect] {
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
