import Trials

/// How results are taken back that a person does not believe.
extension Coordinator {
  /// The trials that a person's wish to discard some concerns: those of them that have a result,
  /// and all that came from these, parents first.
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

  /// Whether something of a trial was made with another's result: its τ or n, or its beginning.
  private func isMade(_ successor: Int, of trial: Int) -> Bool {
    let standing = ledger.standings[successor]
    if graph.parents(of: successor).contains(Int32(trial)) {
      return standing.attempts > standing.voidThrough || standing.status == .complete
        || standing.status == .failed
    }
    return ledger.isExtended(successor)
  }

  /// Has trials wait again whose results a person does not believe, and all that came from them.
  mutating func discard(_ trials: [TrialID], reason: String, at now: Instant) {
    let concerned = concerned(by: trials)
    let named = Set(trials)
    let failure = TrialFailure(
      cause: .stopped, message: "a result that the trial came from was discarded: \(reason)")
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
