import Trials

/// Discards results at a person's request.
extension Coordinator {
  /// The trials that discarding these would affect: those that have a result, and all that were
  /// computed from them, parents first.
  package func discarding(_ trials: [TrialID]) -> [TrialID] {
    concerned(by: trials).map { graph.trials[$0].id }
  }

  private func concerned(by trials: [TrialID]) -> [Int] {
    let wanted = trials.compactMap(graph.number).filter {
      ledger.standings[$0].status == .complete
    }
    var concerned = Set(wanted)
    var pending = wanted
    while let trial = pending.popLast() {
      for successor in graph.successors(of: trial)
      where isMade(successor, of: trial) && concerned.insert(successor).inserted {
        pending.append(successor)
      }
    }
    return concerned.sorted()
  }

  /// Whether a trial used another's result: for its τ or n, or as its starting point.
  private func isMade(_ successor: Int, of trial: Int) -> Bool {
    let standing = ledger.standings[successor]
    if graph.parents(of: successor).contains(Int32(trial)) {
      return standing.attempts > standing.voidThrough || standing.status == .complete
        || standing.status == .failed
    }
    return ledger.isExtended(successor)
  }

  /// Discards the results of trials, and of all that were computed from them, and lets them wait
  /// again.
  mutating func discard(_ trials: [TrialID], reason: String, at now: Instant) {
    let concerned = concerned(by: trials)
    let named = Set(trials)
    let failure = TrialFailure(
      cause: .stopped, message: "a result that the trial depends on was discarded: \(reason)")
    for trial in concerned.reversed() {
      let id = graph.trials[trial].id
      let why = named.contains(id) ? reason : failure.message
      for worker in holders[trial] {
        guard let index = roster[worker].leaseIndex(of: trial) else { continue }
        let attempt = roster[worker].leases[index].attempt
        endLease(of: trial, on: worker, failure: failure)
        send(.abandon(trial: id, attempt: attempt, reason: failure.message), to: worker)
      }
      for successor in [trial] + graph.successors(of: trial) {
        dequeue(successor)
        extensions[successor] = nil
      }
      switch ledger.standings[trial].status {
      case .complete:
        record(.resultDiscarded(trial: id, reason: why))
        effects.append(.notify(.resultDiscarded(id, reason: why)))
      case .failed:
        retry(trial)
        record(.attemptsVoided(trial: id, reason: why))
      case .waiting, .stopped: record(.attemptsVoided(trial: id, reason: why))
      case .running: preconditionFailure("its leases have just ended")
      }
    }
    let successors = concerned.flatMap { graph.successors(of: $0) }
    settle(Set(concerned + successors).sorted(), at: now, delaying: false)
  }
}
