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
  /// Expected seconds of the longest chain of dependent trials that begins with each trial.
  private let pathSeconds: [Float]
  /// Expected seconds of the sweep's critical path.
  let criticalPathSeconds: Double
  /// Expected seconds on one core of the reference speed.
  private let costs: [Float]
  private let shorterRuns: ShorterRuns
  private let steps: [Int32]
  private let stages: [Int32]
  private let kinds: [Int32]
  /// The stages' names, in the order in which the plan mentions them; a stage's number is its
  /// place here.
  let stageNames: [String]
  /// Expected seconds of all trials of each stage.
  let stageCosts: [Double]
  /// How many trials each stage has.
  let stageSizes: [Int]

  /// Indexes a plan.
  ///
  /// Traps when a trial is planned twice or a parent does not precede its child, which planning
  /// refuses.
  ///
  /// - Parameters:
  ///   - expectedCost: Seconds that a trial is expected to take on one core of the reference speed;
  ///     1 for trials without an entry.
  ///   - expectedSteps: Optimiser steps of a trial; unknown for trials without an entry.
  init(
    _ trials: [PlannedTrial], expectedCost: [TrialID: Double],
    expectedSteps: [TrialID: Int] = [:]
  ) {
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
    shorterRuns = ShorterRuns(trials)
    let costs = trials.map { expectedCost[$0.id] ?? 1 }
    let pathSeconds = Self.pathSeconds(costs, children: childLists)
    self.pathSeconds = pathSeconds.map(Float.init)
    criticalPathSeconds = pathSeconds.max() ?? 0
    self.costs = costs.map(Float.init)
    steps = trials.map { Int32(clamping: expectedSteps[$0.id] ?? 0) }
    var stageNumbers: [String: Int32] = [:]
    var kindNumbers: [Kind: Int32] = [:]
    var stages: [Int32] = []
    var kinds: [Int32] = []
    var stageNames: [String] = []
    var stageCosts: [Double] = []
    var stageSizes: [Int] = []
    for (trial, cost) in zip(trials, costs) {
      if stageNumbers[trial.stage] == nil {
        stageNumbers[trial.stage] = Int32(stageNames.count)
        stageNames.append(trial.stage)
        stageCosts.append(0)
        stageSizes.append(0)
      }
      let stage = stageNumbers[trial.stage] ?? 0
      stageCosts[Int(stage)] += cost
      stageSizes[Int(stage)] += 1
      stages.append(stage)
      let kind = Kind(
        stage: stage, dataset: trial.configuration.dataset,
        precision: trial.configuration.trainer.precision)
      if kindNumbers[kind] == nil { kindNumbers[kind] = Int32(kindNumbers.count) }
      kinds.append(kindNumbers[kind] ?? 0)
    }
    self.stages = stages
    self.kinds = kinds
    self.stageNames = stageNames
    self.stageCosts = stageCosts
    self.stageSizes = stageSizes
  }

  private struct Kind: Hashable {
    var stage: Int32
    var dataset: Dataset
    var precision: Precision
  }

  /// The number of a trial's stage.
  func stage(of number: Int) -> Int { Int(stages[number]) }

  /// The number of a stage; nil if no trial is of it.
  func stage(named name: String) -> Int? { stageNames.firstIndex(of: name) }

  /// The kind of a trial, stage, data set and precision: trials of one kind err alike from their
  /// expected cost.
  func kind(of number: Int) -> Int { Int(kinds[number]) }

  /// Expected seconds of a trial on one core of the reference speed.
  func cost(of number: Int) -> Double { Double(costs[number]) }

  /// Optimiser steps of a trial; nil if unknown.
  func steps(of number: Int) -> Int? { steps[number] > 0 ? Int(steps[number]) : nil }

  /// The number of a trial; nil if it is not planned.
  func number(of trial: TrialID) -> Int? { numbers[trial].map(Int.init) }

  /// The trials that must have a result before this one starts.
  func parents(of number: Int) -> ArraySlice<Int32> { parentLists[number] }

  /// The longest planned shorter run that a trial can resume from; nil if there is none.
  func shorterRun(of number: Int) -> Int? { shorterRuns.shorter[number] }

  /// The planned longer runs that can resume from a trial.
  func longerRuns(of number: Int) -> [Int] { shorterRuns.longer[number] ?? [] }

  /// The trials that wait for this one's result or resume from its end.
  func successors(of number: Int) -> [Int] {
    children(of: number).map(Int.init) + longerRuns(of: number)
  }

  /// The trials that wait for this one's result.
  func children(of number: Int) -> ArraySlice<Int32> { childLists[number] }

  /// The length of the critical path that begins with a trial, in expected seconds on one core of
  /// the reference speed.
  func criticalPath(from number: Int) -> Double { Double(pathSeconds[number]) }

  private static func pathSeconds(_ costs: [Double], children: AdjacencyLists) -> [Double] {
    var pathSeconds = costs
    for number in costs.indices.reversed() {
      pathSeconds[number] += children[number].reduce(0) { max($0, pathSeconds[Int($1)]) }
    }
    return pathSeconds
  }
}

/// Adjacency lists of numbered nodes, stored in two arrays.
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
