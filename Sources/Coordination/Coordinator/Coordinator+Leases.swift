import Trials

/// Leases of trials to workers.
extension Coordinator {
  /// Leases a ready trial to an available worker.
  ///
  /// - Parameter threads: The threads that an adopted attempt has; nil if they are to be chosen.
  mutating func lease(
    _ trial: Int, to worker: Int, progress: TrialProgress?, isAdoption: Bool, threads: Int? = nil,
    at now: Instant
  ) {
    let (id, attempt) = (graph.trials[trial].id, ledger.standings[trial].attempts + 1)
    dequeue(trial)
    interrupted.remove(trial)
    introduce(worker)
    record(.trialLeased(trial: id, attempt: attempt, worker: roster[worker].id))
    var lease = Lease(trial: trial, attempt: attempt, sentAt: now)
    lease.progress = progress
    lease.furthestStep = progress?.step ?? 0
    lease.threads = threads ?? firstThreads(of: trial, on: worker)
    lease.claimedThreads = threads
    lease.progressThreads = canDivide(worker) ? lease.threads : 1
    addLease(lease, to: worker)
    sendAssignment(of: trial, attempt: attempt, to: worker)
    let holder = roster[worker].id
    effects.append(
      .notify(
        isAdoption
          ? .trialAdopted(id, attempt: attempt, holder)
          : .trialStarted(id, attempt: attempt, holder)))
    sendCanary(trial)
  }

  /// Records a worker's host, so that its results can be attributed to the host.
  private mutating func introduce(_ worker: Int) {
    let (id, host) = (roster[worker].id, roster[worker].host)
    guard ledger.hosts[id] != host else { return }
    record(.workerIntroduced(worker: id, host: host))
  }

  /// Leases a running trial to a second worker; the first result counts.
  mutating func duplicate(_ trial: Int, on worker: Int, at now: Instant) {
    let (id, attempt) = (graph.trials[trial].id, ledger.standings[trial].attempts + 1)
    introduce(worker)
    record(.trialDuplicated(trial: id, attempt: attempt, worker: roster[worker].id))
    addLease(Lease(trial: trial, attempt: attempt, sentAt: now), to: worker)
    sendAssignment(of: trial, attempt: attempt, to: worker)
    effects.append(.notify(.trialDuplicated(id, attempt: attempt, roster[worker].id)))
  }

  /// Sends an assignment, for the first time or again.
  ///
  /// An attempt that started from step 0 is not given checkpoints later, so that the record stays
  /// correct about which attempts had checkpoints.
  mutating func sendAssignment(of trial: Int, attempt: Int, to worker: Int) {
    let history = ledger.history(of: trial)
    let isGivenCheckpoints = history.attempts[attempt]?.wasGivenCheckpoints == true
    do throws(ConfigurationError) {
      let configuration = try ledger.configuration(of: trial)
      send(
        .assign(
          Assignment(
            trial: graph.trials[trial].id, attempt: attempt, configuration: configuration,
            checkpoints: isGivenCheckpoints ? ledger.resumePoints(of: trial) : [],
            stallTimeout: settings.stallTimeout,
            voidThrough: Int(ledger.standings[trial].voidThrough),
            distrustedThrough: history.distrustedThrough,
            wantsLastCheckpoint: settings.keptCheckpointByteCount > 0,
            threads: threads(of: trial, on: worker))),
        to: worker)
    } catch {
      preconditionFailure("trial \(graph.trials[trial].id) is leased though \(error)")
    }
  }

  mutating func addLease(_ lease: Lease, to worker: Int) {
    roster[worker].leases.append(lease)
    roster.refresh(worker)
    noteDivisionDue(worker)
    holders.add(worker, to: lease.trial)
  }

  /// Removes a worker's lease of a trial; returns the attempt's number.
  mutating func dropLease(of trial: Int, on worker: Int) -> Int {
    holders.remove(worker, from: trial)
    guard let index = roster[worker].leaseIndex(of: trial) else {
      preconditionFailure("worker \(roster[worker].id) holds a trial that it is not leased")
    }
    let attempt = roster[worker].leases.remove(at: index).attempt
    roster.refresh(worker)
    noteDivisionDue(worker)
    isPlanDue = true
    return attempt
  }

  /// Queues a trial for a lease.
  mutating func enqueue(_ trial: Int, at now: Instant, delaying: Bool) {
    guard !awaitsShorterRun(trial) else { return dequeue(trial) }
    let delay =
      delaying ? retryDelay(afterUncharged: ledger.standings[trial].unchargedFailures) : .zero
    if delay > .zero {
      delayed[trial] = now + delay
    } else {
      ready[trial] = priority(of: trial)
      isPlanDue = true
    }
  }

  /// Removes a trial from every queue.
  mutating func dequeue(_ trial: Int) {
    ready[trial] = nil
    delayed[trial] = nil
    held[graph.stage(of: trial)]?.remove(trial)
  }

  /// Zero after the first failure, then doubling from the shortest delay to the longest.
  private func retryDelay(afterUncharged failures: Int32) -> Duration {
    guard failures >= 2 else { return .zero }
    let doublings = min(Int(failures) - 2, 30)
    return min(settings.retryDelay * (1 << doublings), settings.retryDelayLimit)
  }
}
