import Digests
import Trials

/// Explains the state of one trial.
extension Coordinator {
  /// The state of a trial and the reason for it; nil if it is not planned.
  ///
  /// May be called before ``resume(at:)``, for a sweep that is not running. No worker is connected
  /// then; a running trial is explained by its open leases.
  ///
  /// - Parameter now: The moment that delays are counted from; nil before the start.
  package func explanation(of trial: TrialID, at now: Instant? = nil) -> TrialExplanation? {
    guard let number = graph.number(of: trial) else { return nil }
    let standing = ledger.standings[number]
    return TrialExplanation(
      planned: graph.trials[number], standing: standing, reason: reason(of: number, at: now),
      lastFailure: standing.failure, attemptLimit: settings.attemptLimit,
      checkpoints: ledger.checkpoints(of: number),
      children: graph.children(of: number).map { graph.trials[Int($0)].id })
  }

  /// The digests of all checkpoints that trials can resume from; the shell may delete any other.
  package var checkpointDigests: Set<Digest> { ledger.checkpointDigests }

  private func reason(of number: Int, at now: Instant?) -> TrialExplanation.Reason {
    let standing = ledger.standings[number]
    let failure = standing.failure ?? TrialFailure(cause: .stopped, message: "")
    switch standing.status {
    case .complete: return .complete(standing.worker ?? WorkerID(""))
    case .running: return .running(runs(of: number))
    case .failed:
      if failure.cause == .parentFailed, let parent = failedParent(of: number) {
        return .parentFailed(graph.trials[parent].id)
      }
      return .failed(failure)
    case .stopped: return .stopped(reason: failure.message)
    case .waiting: return reasonForWaiting(number, at: now)
    }
  }

  private func reasonForWaiting(_ number: Int, at now: Instant?) -> TrialExplanation.Reason {
    let stage = graph.stage(of: number)
    if ledger.standings[number].unfinishedParents > 0 {
      let parents = graph.parents(of: number).map(Int.init)
        .filter { ledger.standings[$0].status != .complete }
      return .waitsForParents(parents.map { graph.trials[$0].id })
    }
    if let shorter = graph.shorterRun(of: number), ledger.standings[number].isUntried,
      !ledger.isExtended(number), extensions[number] != .impossible,
      [.waiting, .running].contains(ledger.standings[shorter].status),
      settings.keptCheckpointByteCount > 0
    {
      return .waitsForShorterRun(graph.trials[shorter].id)
    }
    if let failure = ledger.pausedStages[stage] { return .stagePaused(failure) }
    if hasTooManyFailures {
      return .failureLimitReached(
        failed: ledger.ownFailureCount, limit: settings.failureLimit ?? 0)
    }
    if case .flying(let canary, _) = canaries[stage], canary != number {
      return .waitsForCanary(graph.trials[canary].id)
    }
    if let due = delayed[number] { return .delayed(now.map { max(due - $0, .zero) } ?? .zero) }
    let place = (priority(of: number), number)
    let ahead = ledger.standings.indices.count {
      ledger.standings[$0].status == .waiting && ledger.standings[$0].unfinishedParents == 0
        && (priority(of: $0), $0) < place
    }
    return .queued(ahead: ahead)
  }

  private func runs(of number: Int) -> [RunningTrial] {
    let id = graph.trials[number].id
    return ledger.openLeases(of: number).map { open in
      guard let worker = roster.number(of: open.worker),
        let index = roster[worker].leaseIndex(of: number)
      else {
        return RunningTrial(
          trial: id, attempt: open.attempt, worker: open.worker, host: "", isClaimed: false,
          progress: nil)
      }
      return running(roster[worker].leases[index], on: roster[worker])
    }
  }

  func running(_ lease: Lease, on worker: Worker) -> RunningTrial {
    RunningTrial(
      trial: graph.trials[lease.trial].id, attempt: lease.attempt, worker: worker.id,
      host: shownName(of: worker.host), isClaimed: lease.claimedAt != nil, progress: lease.progress,
      hasCheckpoint: ledger.newestCheckpoint(of: lease.trial) != nil,
      threads: lease.claimedThreads)
  }
}
