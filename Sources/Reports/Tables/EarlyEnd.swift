import Trials

/// The endings of trials that may end before their last milestone.
enum EarlyEnd {
  /// The ending of a milestone after the trial's end.
  static let beyond = "ended-before"
}

extension RecordedTrial {
  /// The ending's word at a milestone, or ``EarlyEnd/beyond``; nil if the trial has not reached the
  /// milestone or has no quiet rule.
  func ending(at budget: Budget) -> String? {
    guard planned.configuration.quiet != nil else { return nil }
    if let report = report(at: budget) { return report.ending.word }
    return result == nil ? nil : EarlyEnd.beyond
  }

  /// The report of a milestone; if the trial had ended early before it, the report of its end.
  func reportOrEnd(at budget: Budget) -> MilestoneReport? {
    if let report = report(at: budget) { return report }
    guard let end = result?.milestones.last, end.endedByRule else { return nil }
    return end
  }
}

extension GridPoints.Point {
  /// Whether a replicate ended early before a milestone, so that its numbers are those of its end.
  func endedBefore(_ budget: Budget) -> Bool {
    trials.contains { $0.reportOrEnd(at: budget)?.endedByRule == true }
  }

  /// The endings of its complete replicates, each word once, in alphabetical order; nil without a
  /// quiet rule.
  var endings: [String]? {
    guard configuration.quiet != nil else { return nil }
    return Set(trials.compactMap { report(of: $0)?.ending.word }).sorted()
  }
}
