/// A report that a trial's configuration makes it hand in.
package struct ExpectedReport: Hashable, Sendable {
  /// The milestone's budget.
  package let budget: Budget
  /// τ up to there.
  package let tolerance: Double
  /// Whether the trial ends there.
  package let isFinal: Bool

  /// What makes a report none that is expected here, in words; nil if nothing does.
  package func defect(of report: MilestoneReport) -> String? {
    guard report.budget == budget else {
      return "found the milestone \(report.budget), expected \(budget)"
    }
    guard report.tolerance == tolerance else {
      return "\(budget): found tolerance \(report.tolerance), expected \(tolerance)"
    }
    guard report.ending.isFinal == isFinal else {
      return "\(budget): found the ending \(report.ending.word), expected "
        + (isFinal ? "one that ends the trial" : "one that does not")
    }
    if case .batches(let count) = budget, report.step != count {
      return "\(budget): found step \(report.step)"
    }
    return nil
  }
}

extension TrialConfiguration {
  /// The reports of a trial with this configuration, in order.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while τ waits for a parent.
  package func expectedReports() throws(ConfigurationError) -> [ExpectedReport] {
    let tolerance = try resolvedTolerance()
    return milestones.indices.map { index in
      ExpectedReport(
        budget: milestones[index], tolerance: tolerance, isFinal: index == milestones.count - 1)
    }
  }

  /// What makes reports not those of a trial with this configuration, in words; nil if nothing
  /// does.
  ///
  /// - Parameters:
  ///   - reports: The trial's reports so far, in order.
  ///   - isComplete: Whether they must be all of them.
  package func defect(of reports: [MilestoneReport], isComplete: Bool) -> String? {
    let expected: [ExpectedReport]
    do throws(ConfigurationError) {
      expected = try expectedReports()
    } catch {
      return "\(error)"
    }
    guard reports.count == expected.count || (!isComplete && reports.count < expected.count) else {
      return "found milestones \(reports.map(\.budget)), expected \(milestones)"
    }
    for (report, expected) in zip(reports, expected) {
      if let defect = expected.defect(of: report) { return defect }
    }
    for (earlier, later) in zip(reports, reports.dropFirst()) where later.step <= earlier.step {
      return "\(later.budget): found step \(later.step) after step \(earlier.step)"
    }
    return nil
  }
}
