/// Which workers have leases of each trial: none, one, or two when it is duplicated.
struct LeaseHolders: Sendable {
  /// The first holder; -1 for none.
  private var first: [Int32]
  /// The second holder of trials that have two.
  private var second: [Int: Int32] = [:]

  /// Creates a table without holders.
  init(trialCount: Int) { first = [Int32](repeating: -1, count: trialCount) }

  /// The holders of a trial.
  subscript(trial: Int) -> [Int] {
    guard first[trial] >= 0 else { return [] }
    return [Int(first[trial])] + (second[trial].map { [Int($0)] } ?? [])
  }

  /// Whether a worker is one of them.
  func contains(_ worker: Int, of trial: Int) -> Bool {
    Int(first[trial]) == worker || second[trial].map(Int.init) == worker
  }

  /// How many holders a trial has.
  func count(of trial: Int) -> Int { first[trial] < 0 ? 0 : second[trial] == nil ? 1 : 2 }

  /// The trials that have two, in order.
  var duplicates: [Int] { second.keys.sorted() }

  mutating func add(_ worker: Int, to trial: Int) {
    precondition(!contains(worker, of: trial), "a worker holds a trial once")
    guard first[trial] >= 0 else {
      first[trial] = Int32(worker)
      return
    }
    precondition(second[trial] == nil, "a trial has at most two holders")
    second[trial] = Int32(worker)
  }

  mutating func remove(_ worker: Int, from trial: Int) {
    if second[trial].map(Int.init) == worker {
      second[trial] = nil
    } else if Int(first[trial]) == worker {
      first[trial] = second.removeValue(forKey: trial) ?? -1
    }
  }
}
