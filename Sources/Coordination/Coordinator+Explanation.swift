import Trials

/// What people ask about one trial.
extension Coordinator {
  /// Why a trial stands where it does; nil if it is not planned.
  ///
  /// Also of use before ``resume(at:)``, on a journal without a running sweep.
  package func explanation(of trial: TrialID) -> TrialExplanation? {
    guard let number = graph.number(of: trial) else { return nil }
    let standing = ledger.standings[number]
    return TrialExplanation(
      planned: graph.trials[number], standing: standing, reason: reason(of: number),
      lastFailure: standing.failure, attemptLimit: settings.attemptLimit, checkpoints: [],
      children: graph.children(of: number).map { graph.trials[Int($0)].id })
  }

  private func reason(of number: Int) -> TrialExplanation.Reason {
    let standing = ledger.standings[number]
    switch standing.status {
    case .complete: return .complete(standing.worker ?? WorkerID(""))
    case .running:
      return .running(runningTrials.filter { $0.trial == graph.trials[number].id })
    case .failed: return .failed(standing.failure ?? TrialFailure(cause: .lost, message: ""))
    case .stopped: return .stopped(reason: standing.failure?.message ?? "")
    case .waiting:
      let parents = graph.parents(of: number).map(Int.init)
        .filter { ledger.standings[$0].status != .complete }
      if !parents.isEmpty { return .waitsForParents(parents.map { graph.trials[$0].id }) }
      return .queued(ahead: 0)
    }
  }
}
