import Coordination
import Trials

/// Checks how many threads the coordinator orders.
extension JournalChecker {
  /// Notes how many threads a directive lets an attempt have: never more, for all leases of a worker,
  /// than it has cores to divide, and nothing for a worker that has none.
  mutating func noteThreads(_ threads: Int, of trial: TrialID, attempt: Int, to worker: WorkerID) {
    let cores = cores[worker] ?? 0
    check(cores > 0, "\(worker) is told of threads though it has no cores to divide")
    check(
      isLeased(trial, attempt, to: worker),
      "\(trial): threads for attempt \(attempt) without a lease")
    check((1...8).contains(threads), "\(trial): \(threads) threads")
    orderedThreads[worker, default: [:]][trial] = threads
    let count = (orderedThreads[worker] ?? [:]).reduce(0) { sum, entry in
      isLeased(entry.key, to: worker) ? sum + entry.value : sum
    }
    check(count <= cores, "\(worker): \(count) threads ordered on \(cores) cores")
  }

  private func isLeased(_ trial: TrialID, to worker: WorkerID) -> Bool {
    models[trial]?.leases.contains { $0.worker == worker } ?? false
  }
}
