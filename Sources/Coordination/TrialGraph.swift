import Trials

/// The trials of a plan by number, what each waits for, and which comes first.
///
/// A trial's number is its place in the plan. Built once; nothing in it changes.
struct TrialGraph: Sendable {
  /// The trials, parents before children.
  let trials: [PlannedTrial]
  private let numbers: [TrialID: Int32]
  private let parentLists: AdjacencyLists
  private let childLists: AdjacencyLists
  private let ranks: [Int32]

  /// Indexes a plan.
  ///
  /// Traps when a trial is planned twice or a parent does not precede its child, which planning
  /// refuses.
  ///
  /// - Parameter expectedCost: How long a trial is expected to take, in any one unit; 1 for trials
  ///   without an entry.
  init(_ trials: [PlannedTrial], expectedCost: [TrialID: Double]) {
    self.trials = trials
    var numbers: [TrialID: Int32] = Dictionary(minimumCapacity: trials.count)
    var edges: [(parent: Int32, child: Int32)] = []
    for (number, trial) in trials.enumerated() {
      for parent in trial.parents {
        guard let parent = numbers[parent] else {
          preconditionFailure("trial \(trial.id) is planned before its parent \(parent)")
        }
        edges.append((parent, Int32(number)))
      }
      let earlier = numbers.updateValue(Int32(number), forKey: trial.id)
      precondition(earlier == nil, "trial \(trial.id) is planned twice")
    }
    self.numbers = numbers
    parentLists = AdjacencyLists(edges.map { ($0.child, $0.parent) }, count: trials.count)
    childLists = AdjacencyLists(edges.map { ($0.parent, $0.child) }, count: trials.count)
    ranks = Self.ranks(trials, children: childLists, expectedCost: expectedCost)
  }

  /// The number of a trial; nil if it is not planned.
  func number(of trial: TrialID) -> Int? { numbers[trial].map(Int.init) }

  /// The trials that must have a result before this one starts.
  func parents(of number: Int) -> ArraySlice<Int32> { parentLists[number] }

  /// The trials that wait for this one's result.
  func children(of number: Int) -> ArraySlice<Int32> { childLists[number] }

  /// The trial's place in the order of leasing, from 0: the longest expected way to the sweep's
  /// end first, ties in the plan's order.
  func rank(of number: Int) -> Int32 { ranks[number] }

  /// Ranks trials by the length of the critical path that begins with them.
  private static func ranks(
    _ trials: [PlannedTrial], children: AdjacencyLists, expectedCost: [TrialID: Double]
  ) -> [Int32] {
    var lengths = [Double](repeating: 0, count: trials.count)
    for number in trials.indices.reversed() {
      let rest = children[number].reduce(0) { max($0, lengths[Int($1)]) }
      lengths[number] = rest + (expectedCost[trials[number].id] ?? 1)
    }
    let order = trials.indices.sorted {
      lengths[$0] == lengths[$1] ? $0 < $1 : lengths[$0] > lengths[$1]
    }
    var ranks = [Int32](repeating: 0, count: trials.count)
    for (rank, number) in order.enumerated() { ranks[number] = Int32(rank) }
    return ranks
  }
}

/// Neighbours of numbered nodes in two arrays, whatever their count.
private struct AdjacencyLists: Sendable {
  private var starts: [Int32]
  private var neighbours: [Int32]

  init(_ edges: [(from: Int32, to: Int32)], count: Int) {
    starts = [Int32](repeating: 0, count: count + 1)
    neighbours = [Int32](repeating: 0, count: edges.count)
    for edge in edges { starts[Int(edge.from) + 1] += 1 }
    for node in 0..<count { starts[node + 1] += starts[node] }
    var next = starts
    for edge in edges {
      neighbours[Int(next[Int(edge.from)])] = edge.to
      next[Int(edge.from)] += 1
    }
  }

  subscript(node: Int) -> ArraySlice<Int32> {
    neighbours[Int(starts[node])..<Int(starts[node + 1])]
  }
}
