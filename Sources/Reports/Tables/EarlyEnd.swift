import Trials

/// How trials that may end before their last milestone did end.
enum EarlyEnd {
  /// What stands for the ending of a milestone that lies beyond the trial's end.
  static let beyond = "ended-before"
}

extension RecordedTrial {
  /// How the trial left a milestone: the ending's word, or that it had ended before; nil where it has
  /// not come so far, and for a trial that ends by its budget alone.
  func ending(at budget: Budget) -> String? {
    guard planned.configuration.quiet != nil else { return nil }
    if let report = report(at: budget) { return report.ending.word }
    return result == nil ? nil : EarlyEnd.beyond
  }

  /// The report of one of its milestones, or where the trial had ended before by its rule, that of its
  /// end.
  func reportOrEnd(at budget: Budget) -> MilestoneReport? {
    if let report = report(at: budget) { return report }
    guard let end = result?.milestones.last, end.endedByRule else { return nil }
    return end
  }
}

extension GridPoints.Point {
  /// Whether a replicate ended before a milestone by its rule, so that what stands there is of its end.
  func endedBefore(_ budget: Budget) -> Bool {
    trials.contains { $0.reportOrEnd(at: budget)?.endedByRule == true }
  }

  /// How its complete replicates ended, each word once, in the order of the alphabet; nil where they
  /// end by their budget alone.
  var endings: [String]? {
    guard configuration.quiet != nil else { return nil }
    return Set(trials.compactMap { $0.result?.milestones.last?.ending.word }).sorted()
  }
}
