import Trials

/// Updates speeds and host health from reports.
extension Coordinator {
  /// Updates the speed model at the first progress of a lease and whenever its steps have doubled,
  /// so that long trials do not weigh more.
  mutating func learn(from index: Int, of worker: Int) {
    let lease = roster[worker].leases[index]
    guard let progress = lease.progress, progress.totalSteps > 0, progress.stepsPerSecond > 0,
      progress.step >= max(2 * lease.learnedStep, 1)
    else { return }
    roster[worker].leases[index].learnedStep = progress.step
    let costPerStep = graph.cost(of: lease.trial) / Double(progress.totalSteps)
    observe(
      rate: costPerStep * progress.stepsPerSecond, of: lease.trial, on: worker,
      threads: lease.progressThreads)
  }

  /// Updates the speed model from a result, and notes that its host and stage work.
  ///
  /// - Parameter threads: With how many threads its last part was computed.
  mutating func noteSuccess(of trial: Int, result: TrialResult, on worker: Int, threads: Int) {
    let provenance = result.provenance
    // A trial that ended early has cost less than planned.
    if provenance.seconds >= 1, provenance.steps > 0, let end = result.milestones.last,
      let total = end.endedByRule || provenance.configuration.trace != nil
        ? graph.steps(of: trial) : end.step, total > 0
    {
      let cost = graph.cost(of: trial) * Double(provenance.steps) / Double(total)
      observe(rate: cost / provenance.seconds, of: trial, on: worker, threads: threads)
    }
    let stage = graph.stage(of: trial)
    health.noteResult(of: trial, stage: stage, by: roster[worker].member)
    health.forgetFalsehoods(of: [roster[worker].member, roster[worker].id.keyMember])
    noteSignOfLife(of: trial)
    if ledger.pausedStages[stage] != nil { resumeStage(stage) }
  }

  private mutating func observe(rate: Double, of trial: Int, on worker: Int, threads: Int) {
    let host = roster[worker].host
    speeds.observe(rate: rate, kind: graph.kind(of: trial), on: host, threads: threads)
    roster.setSpeed(speeds.speed(of: host), ofHost: host)
  }

  /// Updates the health of a host and a stage after an attempt failed.
  mutating func noteDeath(of trial: Int, on worker: Int, failure: TrialFailure) {
    guard failure.cause.chargesTrial || failure.cause.speaksAgainstHost else { return }
    let (member, stage) = (roster[worker].member, graph.stage(of: trial))
    health.noteDeath(
      of: trial, stage: stage, on: roster[worker].place, by: member, cause: failure.cause)
    let deaths = health.deathCount(of: member)
    // Never drain the last usable one: it is unclear whether the host or the trials are at fault,
    // and the sweep would end.
    if deaths >= settings.hostFailureLimit, drainReason(of: worker) == nil,
      roster.hasUsable(besides: member)
    {
      drain(
        exactly: member,
        reason: "\(deaths) different trials failed there and none completed in between; the last "
          + "failure: \(failure.message)")
    }
    pauseOnCommonCause(stage, failure: failure)
  }

  /// Pauses a stage without results if different trials failed for one cause on two hosts.
  ///
  /// Probably the stage is at fault; otherwise all its trials would fail.
  private mutating func pauseOnCommonCause(_ stage: Int, failure: TrialFailure) {
    guard ledger.completeCounts[stage] == 0, ledger.pausedStages[stage] == nil,
      let (cause, hosts) = health.commonCause(in: stage)
    else { return }
    let places = hosts.map(shownName).joined(separator: " and ")
    let pauseReason = TrialFailure(
      cause: cause,
      message: "different trials failed with this cause on \(places), and no trial of the stage "
        + "has a result; the last failure: \(failure.message)")
    let name = graph.stageNames[stage]
    record(.stagePaused(stage: name, failure: pauseReason))
    effects.append(.notify(.stagePaused(stage: name, pauseReason)))
  }

  /// Records a checkpoint that a worker has stored if the trial may resume from it; otherwise
  /// deletes it.
  ///
  /// A checkpoint of more steps is recorded from any attempt, since trials are deterministic. One
  /// of fewer steps is recorded only from a later attempt that is the only one running: its worker
  /// could not use the given checkpoint.
  mutating func take(
    _ checkpoint: TrialCheckpoint?, of id: TrialID, attempt: Int, from worker: Int
  ) {
    guard let checkpoint else { return }
    if let trial = graph.number(of: id), isWanted(checkpoint, of: trial, attempt: attempt, worker) {
      record(.checkpointRecorded(trial: id, attempt: attempt, checkpoint: checkpoint))
    }
    if !ledger.refers(to: checkpoint.digest), owns(worker, attempt, id) {
      effects.append(.discardCheckpoint(checkpoint.digest))
    }
  }

  /// Whether a worker's checkpoint may be deleted: it is of an attempt that it had leased, or
  /// nobody needs a checkpoint of the trial.
  private func owns(_ worker: Int, _ attempt: Int, _ id: TrialID) -> Bool {
    guard let trial = graph.number(of: id), attempt > ledger.standings[trial].voidThrough,
      ledger.standings[trial].status != .complete
    else { return true }
    return speaks(worker, for: attempt, of: trial)
  }

  private func isWanted(
    _ checkpoint: TrialCheckpoint, of trial: Int, attempt: Int, _ worker: Int
  ) -> Bool {
    let standing = ledger.standings[trial]
    guard standing.status == .running || standing.status == .waiting,
      speaks(worker, for: attempt, of: trial),
      ledger.history(of: trial).trusts(checkpoint, of: attempt),
      attempt <= standing.attempts, attempt > standing.voidThrough, checkpoint.step > 0,
      ledger.handedIn(by: trial).start(at: checkpoint.trajectory) != nil
    else { return false }
    let entries = ledger.checkpointEntries(of: trial)
    guard let furthest = entries.first, checkpoint.step <= furthest.checkpoint.step else {
      return true
    }
    let isSoleHolder = holders[trial] == [worker] && standing.attempts == attempt
    guard isSoleHolder, attempt > furthest.attempt,
      checkpoint.step < furthest.checkpoint.step
    else { return false }
    guard let second = entries.dropFirst().first, second.attempt == attempt else { return true }
    return checkpoint.step > second.checkpoint.step
  }
}
