import Digests
import Trials

/// Ends attempts and trials.
extension Coordinator {
  /// Records a finished attempt's result if the trial has none, whoever holds the lease.
  mutating func take(
    _ received: ReceivedResult, _ checkpoint: TrialCheckpoint?, of id: TrialID, attempt: Int,
    from worker: Int, at now: Instant
  ) {
    guard let trial = graph.number(of: id) else {
      send(.acknowledge(trial: id, attempt: attempt), to: worker)
      return
    }
    let sender = roster[worker].id
    guard attempt > ledger.standings[trial].voidThrough else {
      dismiss(checkpoint)
      send(.acknowledge(trial: id, attempt: attempt), to: worker)
      return
    }
    if ledger.standings[trial].status == .complete {
      dismiss(checkpoint)
      let sameContent =
        ledger.standings[trial].contentBits == received.contentDigest.leadingBits
      send(.acknowledge(trial: id, attempt: attempt), to: worker)
      effects.append(
        .notify(.resultRepeated(id, attempt: attempt, sender, sameContent: sameContent)))
      return
    }
    guard attempt <= ledger.standings[trial].attempts, speaks(worker, for: attempt, of: trial)
    else {
      return turnAway(id, attempt: attempt, from: worker, at: now)
    }
    let result = received.result
    if let defect = defect(of: result, for: trial) {
      dismiss(checkpoint)
      return refuseResult(of: id, attempt: attempt, from: worker, reason: defect, at: now)
    }
    if let contradiction = contradiction(of: result, for: trial, attempt: attempt, by: worker) {
      dismiss(checkpoint)
      return refuseResult(
        of: id, attempt: attempt, from: worker, reason: contradiction, blamesCheckpoint: false,
        at: now)
    }
    let threads = claimedThreads(of: trial, on: worker)
    let previousHolders = holders[trial].map { ($0, dropLease(of: trial, on: $0)) }
    let kept = keeps(checkpoint, of: trial, result) ? checkpoint : nil
    record(
      .resultRecorded(
        trial: id, attempt: attempt, worker: sender, result: received, checkpoint: kept))
    if kept == nil { dismiss(checkpoint) }
    dropOldCheckpoints()
    dequeue(trial)
    send(.acknowledge(trial: id, attempt: attempt), to: worker)
    for (holder, heldAttempt) in previousHolders where holder != worker {
      send(
        .abandon(
          trial: id, attempt: heldAttempt, reason: "worker \(sender) has finished the trial"),
        to: holder)
    }
    effects.append(.notify(.trialCompleted(id, sender)))
    noteSuccess(of: trial, result: result, on: worker, threads: threads)
    settle(graph.successors(of: trial), at: now, delaying: false)
  }

  /// Ends an attempt with an invalid result, and makes the worker drop the result.
  ///
  /// - Parameter blamesCheckpoint: Whether the checkpoint that the attempt resumed from may be at
  ///   fault.
  mutating func refuseResult(
    of id: TrialID, attempt: Int, from worker: Int, reason: String, blamesCheckpoint: Bool = true,
    at now: Instant
  ) {
    if let trial = graph.number(of: id), ledger.standings[trial].status != .complete,
      attempt > ledger.standings[trial].voidThrough, !speaks(worker, for: attempt, of: trial)
    {
      return turnAway(id, attempt: attempt, from: worker, at: now)
    }
    refuse(
      id, attempt: attempt, from: worker, reason: reason, blamesCheckpoint: blamesCheckpoint,
      at: now)
  }

  /// Handles an attempt that ended without a result; reports of attempts other than the leased one
  /// change nothing.
  ///
  /// The answer is to abandon the attempt. A late acknowledgement would make the worker drop the
  /// result of a later attempt.
  ///
  /// - Parameter blamesCheckpoint: Whether the checkpoint that the attempt resumed from may be at
  ///   fault.
  mutating func noteFailure(
    _ failure: TrialFailure, of id: TrialID, attempt: Int, from worker: Int,
    blamesCheckpoint: Bool, at now: Instant
  ) {
    if let trial = graph.number(of: id), let index = roster[worker].leaseIndex(of: trial),
      roster[worker].leases[index].attempt == attempt
    {
      let isOwnDoing =
        failure.cause == .resultRefused
        && !(blamesCheckpoint && wasGivenCheckpointsOfOthers(trial, attempt: attempt))
      let failure =
        blamesCheckpoint ? blame(checkpointsOf: trial, for: failure, of: attempt) : failure
      endLease(of: trial, on: worker, failure: failure)
      if isOwnDoing { charge(worker, with: trial, reason: failure.message, at: now) }
      settle([trial], at: now, delaying: true)
      noteDeath(of: trial, on: worker, failure: failure)
    }
    send(.abandon(trial: id, attempt: attempt, reason: "the failure is recorded"), to: worker)
  }

  /// Why a result is not valid for the trial; nil if it is.
  private func defect(of result: TrialResult, for trial: Int) -> String? {
    let provenance = result.provenance
    guard let configuration = try? ledger.configuration(of: trial) else {
      return "the trial's parents have no results"
    }
    guard provenance.configuration == configuration else {
      return "found the result of another configuration, expected the assigned one"
    }
    if let defect = configuration.defect(of: result.milestones, isComplete: true) { return defect }
    if let images = ledger.images(of: configuration.dataset), provenance.images != images {
      return "trained on images \(provenance.images), expected \(images)"
    }
    return nil
  }

  /// Ends a worker's lease of a trial without a result; the caller settles the trial.
  mutating func endLease(of trial: Int, on worker: Int, failure: TrialFailure) {
    let attempt = dropLease(of: trial, on: worker)
    let id = graph.trials[trial].id
    record(.attemptEnded(trial: id, attempt: attempt, failure: failure))
    effects.append(.notify(.attemptEnded(id, attempt: attempt, failure)))
    noteEnd(of: trial)
  }

  /// Updates trials, and all that wait for them, to the state that follows from the ledger.
  ///
  /// The outcome depends only on the ledger, so it is the same after a crash before the
  /// consequences were recorded. Queues trials that can be leased.
  ///
  /// - Parameter delaying: Whether trials that ended repeatedly for external reasons are delayed.
  mutating func settle(_ trials: [Int], at now: Instant, delaying: Bool) {
    var pending = Array(trials.reversed())
    while let trial = pending.popLast() {
      let children = Array(graph.successors(of: trial).reversed())
      let standing = ledger.standings[trial]
      if standing.status == .failed, standing.failure?.cause == .parentFailed,
        failedParent(of: trial) == nil
      {
        retry(trial)
        pending += children + [trial]
      } else if standing.status == .waiting {
        if let failure = finalFailure(of: trial) {
          giveUp(trial, failure: failure)
          pending += children
        } else if standing.unfinishedParents == 0 {
          enqueue(trial, at: now, delaying: delaying)
        }
      }
    }
  }

  /// Why a waiting trial cannot have a result; nil if it can.
  private func finalFailure(of trial: Int) -> TrialFailure? {
    let standing = ledger.standings[trial]
    if let parent = failedParent(of: trial) {
      let end = ledger.standings[parent].status == .stopped ? "was stopped" : "failed"
      return TrialFailure(
        cause: .parentFailed,
        message: "it needs a result of trial \(graph.trials[parent].id), which \(end)")
    }
    if standing.chargedFailures >= settings.attemptLimit { return standing.failure }
    if ledger.history(of: trial).hasDivergedForGood { return standing.failure }
    if isRefusedEverywhere(trial) {
      // A second lease may have ended for another reason since.
      return standing.failure?.cause == .resultRefused
        ? standing.failure
        : TrialFailure(cause: .resultRefused, message: "what the workers delivered was refused")
    }
    guard standing.unfinishedParents == 0 else { return nil }
    do throws(ConfigurationError) {
      _ = try ledger.configuration(of: trial)
      return nil
    } catch {
      return TrialFailure(
        cause: .refused, message: "its parents' results give no valid configuration: \(error)")
    }
  }

  /// A parent that failed or was stopped.
  func failedParent(of trial: Int) -> Int? {
    graph.parents(of: trial).map(Int.init).first {
      let status = ledger.standings[$0].status
      return status == .failed || status == .stopped
    }
  }

  private mutating func giveUp(_ trial: Int, failure: TrialFailure) {
    let id = graph.trials[trial].id
    dequeue(trial)
    record(.trialFailed(trial: id, failure: failure))
    effects.append(.notify(.trialFailed(id, failure)))
  }

  mutating func retry(_ trial: Int) {
    let id = graph.trials[trial].id
    record(.trialRetried(trial: id))
    effects.append(.notify(.trialRetried(id)))
  }
}
