/// A report that a trial's configuration requires.
package struct ExpectedReport: Hashable, Sendable {
  /// The milestone's budget.
  package let budget: Budget
  /// τ up to there.
  package let tolerance: Double
  /// Whether the trial ends with it.
  package let isFinal: Bool
  /// The trial's last milestone if the trial may end before it: its report may then come here.
  package let earlyEnd: Budget?
  /// The rung of a traced trial that ends with it; nil for other trials.
  package var rung: Rung?

  /// How a rung may end.
  package struct Rung: Hashable, Sendable {
    /// Whether the quiet rule may end a rung before its budget is spent.
    package let mayEndEarly: Bool
  }

  /// Why a report is not the expected one, in words; nil if it is.
  package func defect(of report: MilestoneReport) -> String? {
    if let earlyEnd, report.endedByRule { return defect(ofEarlyEnd: report, before: earlyEnd) }
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
    if let rung { return defect(of: report, endingRung: rung) }
    if case .batches(let count) = budget, report.step != count {
      return "\(budget): found step \(report.step)"
    }
    return nil
  }

  /// The same for the step and the ending of a rung's report.
  private func defect(of report: MilestoneReport, endingRung rung: Rung) -> String? {
    let word = report.ending.word
    guard word == ReportEnding.budget.word || (rung.mayEndEarly && word != ReportEnding.goesOn.word)
    else {
      return "\(budget): found the ending \(word), expected "
        + (rung.mayEndEarly ? "budget or one of the quiet rule" : "budget")
    }
    // ``ResultBounds`` checks the steps since the rung began.
    if case .batches(let count) = budget,
      rung.mayEndEarly ? report.step > count : report.step != count
    {
      return "\(budget): found step \(report.step)"
    }
    return nil
  }

  /// The same for a report with which the quiet rule ended the trial.
  private func defect(ofEarlyEnd report: MilestoneReport, before last: Budget) -> String? {
    guard report.budget == last else {
      return "found the ending \(report.ending.word) at \(report.budget), expected it at \(last)"
    }
    guard report.tolerance == tolerance else {
      return "\(last): found tolerance \(report.tolerance), expected \(tolerance)"
    }
    // The steps of an epoch are not known here; ``ResultBounds`` checks them.
    if case .batches(let count) = last, report.step > count {
      return "\(last): found step \(report.step)"
    }
    if case .batches(let count) = budget, !isFinal, report.step >= count {
      return "found the end of the trial at step \(report.step), expected a report at \(budget)"
    }
    return nil
  }
}

extension MilestoneReport {
  /// Whether the quiet rule ended the trial with this report.
  package var endedByRule: Bool { ending.isFinal && ending.word != ReportEnding.budget.word }
}

extension TrialConfiguration {
  /// The reports of a trial with this configuration, in order.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while τ waits for a parent.
  package func expectedReports() throws(ConfigurationError) -> [ExpectedReport] {
    let tolerance = try resolvedTolerance()
    if let trace {
      return zip(milestones, trace.tolerances).map { budget, tolerance in
        ExpectedReport(
          budget: budget, tolerance: tolerance, isFinal: budget == milestones.last, earlyEnd: nil,
          rung: ExpectedReport.Rung(mayEndEarly: quiet != nil))
      }
    }
    return milestones.indices.map { index in
      ExpectedReport(
        budget: milestones[index], tolerance: tolerance, isFinal: index == milestones.count - 1,
        earlyEnd: quiet == nil ? nil : milestones.last)
    }
  }

  /// Whether there are reports for all milestones; or, if the quiet rule ended the trial, for those
  /// up to its end and for the last.
  ///
  /// A traced trial has a report of every rung.
  package func isComplete(_ reports: [MilestoneReport]) -> Bool {
    let budgets = reports.map(\.budget)
    if budgets == milestones { return true }
    guard quiet != nil, trace == nil, let end = reports.last, end.endedByRule else { return false }
    return end.budget == milestones.last
      && budgets.dropLast() == milestones.dropLast().prefix(reports.count - 1)
  }

  /// Why reports are not those of a trial with this configuration, in words; nil if they are.
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
    let hasEnded = quiet != nil && trace == nil && reports.last?.endedByRule == true
    guard
      reports.count == expected.count
        || ((!isComplete || hasEnded) && reports.count < expected.count)
    else { return "found milestones \(reports.map(\.budget)), expected \(milestones)" }
    if let end = reports.dropLast().first(where: \.ending.isFinal) {
      return "found reports after the one that ends the trial, at step \(end.step)"
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
