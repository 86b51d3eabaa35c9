import Trials

/// How long a trial trains: what stands under `budget:`.
struct TrialBudget: Hashable {
  /// Ascending, in one unit; the last is the limit.
  var milestones: [Budget]
  /// When it may end before the last; nil for not at all.
  var quiet: QuietRule?
}
