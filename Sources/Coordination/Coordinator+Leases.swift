import Trials

/// Who gets which trial.
extension Coordinator {
  /// Leases trials, in order of rank, while there is a trial and a worker.
  mutating func leaseReadyTrials(at now: Instant) {
    while let trial = ready.first {
      let standing = ledger.standings[trial]
      let avoided = standing.failure == nil ? nil : standing.worker
      guard let worker = roster.leastLoaded(avoiding: avoided) else { return }
      lease(trial, to: worker, progress: nil, isAdoption: false, at: now)
    }
  }

  /// Leases a trial that can be leased to a worker that can take it.
  mutating func lease(
    _ trial: Int, to worker: Int, progress: TrialProgress?, isAdoption: Bool, at now: Instant
  ) {
    let (id, attempt) = (graph.trials[trial].id, ledger.standings[trial].attempts + 1)
    ready[trial] = nil
    delayed[trial] = nil
    record(.trialLeased(trial: id, attempt: attempt, worker: roster[worker].id))
    var lease = Lease(trial: trial, attempt: attempt, sentAt: now)
    lease.progress = progress
    addLease(lease, to: worker)
    sendAssignment(of: trial, attempt: attempt, to: worker)
    let holder = roster[worker].id
    effects.append(
      .notify(
        isAdoption
          ? .trialAdopted(id, attempt: attempt, holder)
          : .trialStarted(id, attempt: attempt, holder)))
  }

  mutating func sendAssignment(of trial: Int, attempt: Int, to worker: Int) {
    do throws(ConfigurationError) {
      let configuration = try ledger.configuration(of: trial)
      send(
        .assign(
          Assignment(
            trial: graph.trials[trial].id, attempt: attempt, configuration: configuration)),
        to: worker)
    } catch {
      preconditionFailure("trial \(graph.trials[trial].id) is leased though \(error)")
    }
  }

  mutating func addLease(_ lease: Lease, to worker: Int) {
    roster[worker].leases.append(lease)
    roster.refresh(worker)
    holders[lease.trial] = Int32(worker)
  }

  /// Forgets a trial's lease; returns whose it was, or nil if it had none.
  mutating func dropLease(of trial: Int) -> (worker: Int, attempt: Int)? {
    guard holders[trial] >= 0 else { return nil }
    let worker = Int(holders[trial])
    holders[trial] = -1
    guard let index = roster[worker].leaseIndex(of: trial) else {
      preconditionFailure("worker \(roster[worker].id) holds a trial that it is not leased")
    }
    let attempt = roster[worker].leases.remove(at: index).attempt
    roster.refresh(worker)
    return (worker, attempt)
  }

  /// Queues a trial up for a lease.
  mutating func enqueue(_ trial: Int, at now: Instant, delaying: Bool) {
    let delay =
      delaying ? retryDelay(afterUncharged: ledger.standings[trial].unchargedFailures) : .zero
    if delay > .zero {
      delayed[trial] = now + delay
    } else {
      ready[trial] = graph.rank(of: trial)
    }
  }

  /// None after the first failure, then doubling from the shortest delay to the longest.
  private func retryDelay(afterUncharged failures: Int32) -> Duration {
    guard failures >= 2 else { return .zero }
    let doublings = min(Int(failures) - 2, 30)
    return min(settings.retryDelay * (1 << doublings), settings.retryDelayLimit)
  }
}
