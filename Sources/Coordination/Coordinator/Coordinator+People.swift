import Trials

/// Requests of people while the sweep runs.
extension Coordinator {
  /// Stops trials that have no result yet; trials that wait for them fail.
  mutating func cancel(_ trials: [TrialID], reason: String, at now: Instant) {
    for id in trials {
      guard let trial = graph.number(of: id) else { continue }
      let failure = TrialFailure(cause: .stopped, message: "a person stopped the trial: \(reason)")
      for worker in holders[trial] {
        guard let index = roster[worker].leaseIndex(of: trial) else { continue }
        let attempt = roster[worker].leases[index].attempt
        endLease(of: trial, on: worker, failure: failure)
        send(.abandon(trial: id, attempt: attempt, reason: failure.message), to: worker)
      }
      guard ledger.standings[trial].status == .waiting else { continue }
      dequeue(trial)
      record(.trialStopped(trial: id, reason: reason))
      effects.append(.notify(.trialStopped(id, reason: reason)))
      settle(graph.successors(of: trial), at: now, delaying: false)
    }
  }

  /// Retries failed and stopped trials, with the parents that they need.
  mutating func retry(_ trials: [TrialID], at now: Instant) {
    var pending = trials.compactMap(graph.number)
    var retried: [Int] = []
    while let trial = pending.popLast() {
      let status = ledger.standings[trial].status
      guard status == .failed || status == .stopped else { continue }
      retry(trial)
      retried.append(trial)
      pending += graph.parents(of: trial).map(Int.init)
    }
    // Parents first, since the state of a child follows from theirs.
    for trial in retried.sorted() {
      settle([trial] + graph.successors(of: trial), at: now, delaying: false)
    }
    guard !hasTooManyFailures else { return }
    hasReportedFailureLimit = false
    for stage in held.keys.sorted() { release(stage) }
  }

  /// Drains a host by its displayed name: its workers hand back their trials and get no more.
  mutating func drain(_ host: String, reason: String) {
    drain(exactly: identity(of: host), reason: reason)
  }

  /// Drains a host, a place, a key or a member by its recorded name.
  ///
  /// The name is not looked up among displayed names, since a host may announce any name.
  mutating func drain(exactly host: String, reason: String) {
    if ledger.drainedHosts[host] == nil {
      record(.hostDrained(host: host, reason: reason))
      effects.append(.notify(.hostDrained(host: shownName(of: host), reason: reason)))
    }
    for worker in workers(of: host) {
      roster[worker].isDrained = true
      roster.refresh(worker)
      send(.drain(reason: reason), to: worker)
    }
    isPlanDue = true
  }

  /// Undrains a host.
  mutating func undrain(_ host: String) {
    let shown = identity(of: host)
    // The host may have been drained together with all hosts of its name.
    let host = ledger.drainedHosts[shown] == nil ? HostIdentity.name(in: shown) : shown
    guard ledger.drainedHosts[host] != nil else { return }
    record(.hostUndrained(host: host))
    effects.append(.notify(.hostUndrained(host: shownName(of: host))))
    // These apply even if its workers are not connected.
    health.forgetDeaths(of: host)
    health.forgetBadCheckpoints(by: host)
    health.forgetFalsehoods(of: [host])
    for worker in workers(of: host) {
      health.forgetDeaths(of: roster[worker].member)
      health.forgetBadCheckpoints(by: roster[worker].member)
      health.forgetFalsehoods(of: [roster[worker].member, roster[worker].id.keyMember])
      roster[worker].isDrained = drainReason(of: worker) != nil
      roster.refresh(worker)
    }
    isPlanDue = true
  }

  /// Repeats the drain request to a worker of a drained host; a worker that returned without work
  /// stays connected and idle.
  mutating func remindOfDrain(_ worker: Int) {
    guard roster[worker].isDrained, !roster[worker].leases.isEmpty,
      let reason = drainReason(of: worker)
    else { return }
    send(.drain(reason: reason), to: worker)
  }
}
