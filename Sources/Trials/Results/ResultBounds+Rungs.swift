/// The bounds on the reports of a traced trial, one for each rung.
extension ResultBounds {
  /// Why a report cannot end a rung of the trial; nil if it can.
  ///
  /// When the rung began is not known from one report; ``defectOfRungs(in:)`` checks what depends on
  /// it.
  func defectOfRung(in report: MilestoneReport) -> ResultDefect? {
    let (step, budgetSteps) = (report.step, steps(to: report.budget))
    // Without a quiet rule every rung spends its budget.
    if quiet == nil, let budgetSteps, step != budgetSteps {
      return defect(report, "step", step, "\(budgetSteps)")
    }
    let last = budgetSteps ?? Budget.maximumCount
    guard step > 0, step <= last else { return defect(report, "step", step, "1 to \(last)") }
    guard report.endedRungByRule else {
      if let since = report.sinceStep { return defect(report, "since_step", since, "none") }
      if let gates = report.alternatingGates {
        return defect(report, "alternating_gates", gates, "none")
      }
      return nil
    }
    guard let quiet else {
      return defect(report, "ending", report.ending.word, "budget, as there is no quiet rule")
    }
    guard let since = report.sinceStep, since >= 0, since <= step - quiet.window else {
      return defect(
        report, "since_step", report.sinceStep.map { "\($0)" } ?? "none",
        "0 to \(step - quiet.window), a window of \(quiet.window) before it")
    }
    return defectOfAlternatingGates(in: report)
  }

  /// Why the reports of rungs, in order from the first, cannot follow each other; nil if they can.
  package func defectOfRungs(in reports: [MilestoneReport]) -> ResultDefect? {
    let epoch = max((trainingImageCount ?? 1) / trainer.batchSize, 1)
    let rungSteps = milestones.first.flatMap(steps)
    var beginning = 0
    for (index, report) in reports.enumerated() {
      let most = beginning + (rungSteps ?? Budget.maximumCount)
      guard report.step > beginning, report.step <= most else {
        return defect(
          report, "step", report.step,
          "\(beginning + 1) to \(most), as the rung began after step \(beginning)")
      }
      let taken = report.step - beginning
      if report.endedRungByRule {
        guard taken.isMultiple(of: epoch) else {
          return defect(
            report, "step", report.step,
            "a whole number of epochs of \(epoch) steps after step \(beginning)")
        }
        let earliest = beginning + (index == 0 ? 0 : trainer.dwell)
        guard let since = report.sinceStep, since >= earliest else {
          return defect(
            report, "since_step", report.sinceStep.map { "\($0)" } ?? "none",
            "at least \(earliest), where the rung's windows begin")
        }
      } else if let rungSteps, taken != rungSteps {
        return defect(
          report, "step", report.step, "\(beginning + rungSteps), where the rung's budget is spent")
      }
      beginning = report.step
    }
    return nil
  }
}

extension MilestoneReport {
  /// Whether a rung of a traced trial ended otherwise than by its budget.
  package var endedRungByRule: Bool { ending.word != ReportEnding.budget.word }
}
