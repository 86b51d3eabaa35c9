import Trials

/// How long a trial trains: the value of `budget:`.
struct TrialBudget: Hashable {
  /// The milestones, ascending, in one unit; the last is the limit.
  var milestones: [Budget]
  /// The rule for an end before the last; nil for none.
  var quiet: QuietRule?
}
