import Trials

/// Which trial a number in a damaged store may stand for.
struct TrialSearch {
  let trials: TrialIndex
  private let plan: SweepPlan
  private let named: [Int: TrialID]
  private let unnamed: [TrialID]

  /// A store that has lost thousands of names has most of its numbers from a fresh plan.
  private static let countMaximum = 1000

  /// The search among the trials of a plan.
  ///
  /// - Parameter named: The trials that the store names, by number.
  init(_ plan: SweepPlan, named: [Int: TrialID]) {
    self.plan = plan
    self.named = named
    trials = TrialIndex(plan.trials)
    let known = Set(named.values)
    unnamed = plan.trials.map(\.id).filter { !known.contains($0) }
  }

  /// The trial that the store names; where it names none, the planned ones that it names nowhere,
  /// the likeliest first.
  func candidates(for number: Int) -> [TrialID] {
    if let trial = named[number] { return [trial] }
    let others = unnamed.prefix(Self.countMaximum)
    guard plan.trials.indices.contains(number - 1) else { return Array(others) }
    // A fresh plan is numbered from 1.
    return [plan.trials[number - 1].id] + others
  }
}
