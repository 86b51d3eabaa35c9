import Trials

/// Compares workers' claims with their leases.
extension Coordinator {
  /// Compares a worker's claims with its leases; the claims are complete.
  ///
  /// An unclaimed lease is assigned again: at once on a new connection, which the assignment cannot
  /// have reached, otherwise after the claim timeout, since a heartbeat may cross an assignment in
  /// transit. Assigning twice is harmless. A single message never ends a lease, since it may be
  /// older than the assignment. The lease ends when repeated assignments stay unclaimed although
  /// the worker sends messages.
  mutating func examine(
    _ claims: [AttemptClaim], of worker: Int, isNewConnection: Bool, at now: Instant
  ) {
    for claim in claims {
      examine(claim, of: worker, isNewConnection: isNewConnection, at: now)
    }
    var vain: [Int] = []
    var idle: [Int] = []
    for index in roster[worker].leases.indices {
      let lease = roster[worker].leases[index]
      if isIdle(lease, on: worker, at: now) {
        idle.append(lease.trial)
        continue
      }
      let isUnclaimed = now - lease.lastSign >= settings.claimTimeout
      guard isUnclaimed || (isNewConnection && lease.lastSign < now) else { continue }
      if isUnclaimed, lease.resends >= settings.claimLimit {
        vain.append(lease.trial)
        continue
      }
      if isUnclaimed { roster[worker].leases[index].resends += 1 }
      roster[worker].leases[index].sentAt = now
      sendAssignment(of: lease.trial, attempt: lease.attempt, to: worker)
    }
    if !vain.isEmpty { giveUp(vain, on: worker, because: "never claimed the trial", at: now) }
    if !idle.isEmpty {
      let reason = "took no step of the trial in \(idleLimit.components.seconds / 60) min"
      giveUp(idle, on: worker, because: reason, at: now)
      for trial in idle { charge(worker, with: trial, reason: reason, at: now) }
    }
  }

  private mutating func examine(
    _ claim: AttemptClaim, of worker: Int, isNewConnection: Bool, at now: Instant
  ) {
    noteRefusals(in: claim, by: worker, at: now)
    take(claim.checkpoint, of: claim.trial, attempt: claim.attempt, from: worker)
    guard let trial = graph.number(of: claim.trial) else {
      return acknowledge(claim, of: worker, at: now)
    }
    guard claim.attempt > ledger.standings[trial].voidThrough else {
      return acknowledge(claim, of: worker, at: now)
    }
    switch ledger.standings[trial].status {
    case .complete: acknowledge(claim, of: worker, at: now)
    case .running:
      if holders.contains(worker, of: trial) {
        confirm(claim, of: trial, by: worker, isNewConnection: isNewConnection, at: now)
      } else {
        abandon(claim, of: worker, reason: "another worker has the trial", at: now)
      }
    case .waiting:
      if (claim.progress?.step ?? 0) > 0, speaks(worker, for: claim.attempt, of: trial) {
        noteSignOfLife(of: trial)
      }
      if canAdopt(claim, of: trial, by: worker) {
        lease(
          trial, to: worker, progress: claim.progress, isAdoption: true,
          threads: claim.threads ?? 1, at: now)
      } else {
        abandon(claim, of: worker, reason: "the trial is not leased to this worker", at: now)
      }
    case .failed:
      abandon(claim, of: worker, reason: "the trial has failed", at: now)
    case .stopped:
      abandon(claim, of: worker, reason: "a person stopped the trial", at: now)
    }
  }

  /// Records which checkpoints the worker with the lease has refused.
  ///
  /// Call this before the claim's own checkpoint is recorded. That one may replace a refused one in
  /// the record, and a refusal of a checkpoint that is not in the record is ignored.
  private mutating func noteRefusals(in claim: AttemptClaim, by worker: Int, at now: Instant) {
    guard let trial = graph.number(of: claim.trial),
      let index = roster[worker].leaseIndex(of: trial),
      roster[worker].leases[index].attempt == claim.attempt
    else { return }
    for refused in claim.refusedCheckpoints { distrust(refused, of: trial, by: worker, at: now) }
  }

  /// Notes that a worker claims its lease; a claim of an earlier attempt predates the lease or was
  /// sent before the new number arrived.
  private mutating func confirm(
    _ claim: AttemptClaim, of trial: Int, by worker: Int, isNewConnection: Bool, at now: Instant
  ) {
    guard let index = roster[worker].leaseIndex(of: trial),
      roster[worker].leases[index].attempt == claim.attempt
    else { return }
    roster[worker].leases[index].claimedAt = now
    roster[worker].leases[index].resends = 0
    noteThreads(claim.threads, of: index, on: worker, at: now)
    if let progress = claim.progress, progress.step <= graph.steps(of: trial) ?? .max {
      // Only a step beyond the furthest one counts as progress.
      if progress.step > roster[worker].leases[index].furthestStep {
        let hadBegun = roster[worker].leases[index].hasBegun
        roster[worker].leases[index].furthestStep = progress.step
        roster[worker].leases[index].progressAt = now
        if !hadBegun, roster[worker].slots > roster[worker].believedSlots {
          roster.refresh(worker)
          isPlanDue = true
        }
      }
      roster[worker].leases[index].progress = progress
      roster[worker].leases[index].progressThreads = workingThreads(of: index, on: worker)
      learn(from: index, of: worker)
      withdrawIfOvertaken(trial, by: worker, at: now)
    }
    if claim.checkpoint != nil || (claim.progress?.step ?? 0) > 0 { noteSignOfLife(of: trial) }
    if isNewConnection {
      effects.append(
        .notify(.trialAdopted(claim.trial, attempt: claim.attempt, roster[worker].id)))
    }
  }

  /// Whether a worker may continue a waiting trial that it claims, which saves its work.
  ///
  /// Not if that worker has already reported the end of the claimed attempt: the claim is older
  /// than the report.
  private func canAdopt(_ claim: AttemptClaim, of trial: Int, by worker: Int) -> Bool {
    let standing = ledger.standings[trial]
    let hasReportedEnd =
      standing.attempts == claim.attempt && standing.worker == roster[worker].id
      && standing.failure?.cause != .lost && standing.failure?.cause != .stopped
    // A computation that is behind a recorded checkpoint is not worth keeping.
    let step = max(claim.progress?.step ?? 0, claim.checkpoint?.step ?? 0)
    let history = ledger.history(of: trial)
    let isFromDistrusted =
      claim.attempt <= history.distrustedThrough
      && history.attempts[claim.attempt]?.wasGivenCheckpoints == true
    let isBehind = ledger.newestCheckpoint(of: trial).map { $0.step > step } ?? false
    return standing.unfinishedParents == 0 && claim.attempt <= standing.attempts && !hasReportedEnd
      && !isBehind && !isFromDistrusted && !isBlocked(trial) && roster[worker].canKeepWork
      && !health.wasFalse(about: trial, by: roster[worker].member)
  }

  private mutating func acknowledge(_ claim: AttemptClaim, of worker: Int, at now: Instant) {
    guard mayAnswer(worker, at: now) else { return }
    send(.acknowledge(trial: claim.trial, attempt: claim.attempt), to: worker)
  }

  private mutating func abandon(
    _ claim: AttemptClaim, of worker: Int, reason: String, at now: Instant
  ) {
    guard mayAnswer(worker, at: now) else { return }
    send(.abandon(trial: claim.trial, attempt: claim.attempt, reason: reason), to: worker)
  }

  /// Ends leases that a worker does not claim or makes no progress with; it gets no more work until
  /// it announces itself.
  private mutating func giveUp(
    _ trials: [Int], on worker: Int, because reason: String, at now: Instant
  ) {
    roster[worker].isUnresponsive = true
    let failure = TrialFailure(cause: .lost, message: "worker \(roster[worker].id) \(reason)")
    for trial in trials { endLease(of: trial, on: worker, failure: failure) }
    roster.refresh(worker)
    settle(trials, at: now, delaying: true)
    send(.announceAgain, to: worker)
  }
}
