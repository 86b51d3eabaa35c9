/// How a worker's cores are shared by its trials.
package enum WorkerCores: Hashable, Sendable {
  /// Every trial has so many threads.
  case fixed(threads: Int)
  /// The coordinator divides so many cores among the trials; one trial has at most `limit` threads.
  case divisible(count: Int, limit: Int)

  /// How many cores the coordinator may divide; 0 for none.
  package var divisibleCount: Int {
    switch self {
    case .fixed: 0
    case .divisible(let count, _): count
    }
  }
}
