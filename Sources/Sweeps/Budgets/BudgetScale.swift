import Trials

/// Multiplies every budget of a sweep by a factor, for cheap rehearsals.
///
/// Counts are rounded to the nearest whole number. A budget in batches is at least one batch. A
/// budget in epochs that rounds to 0 is refused: a whole epoch could cost many times the expected
/// amount.
struct BudgetScale {
  /// The factor of `--scale-budget`; 1 changes nothing.
  let factor: Double

  /// The scaled milestones; nil if they cannot be scaled, which is reported.
  func scaled(
    _ milestones: [Budget], at place: SourcePlace, log: inout DiagnosticLog
  ) -> [Budget]? {
    guard factor != 1 else { return milestones }
    var scaled: [Budget] = []
    for milestone in milestones {
      let count = (Double(milestone.count) * factor).rounded()
      guard count <= Double(Budget.maximumCount) else {
        report(
          "the budget \(milestone) (\(place))", log: &log,
          expected: "a factor that leaves at most \(Budget.maximumCount)")
        return nil
      }
      if count < 1, case .epochs = milestone {
        report(
          "the budget \(milestone) (\(place))", log: &log,
          expected: "a factor that leaves at least one epoch, or --set with a budget in batches")
        return nil
      }
      scaled.append(milestone.with(count: max(1, Int(count))))
    }
    for (earlier, later) in zip(scaled, scaled.dropFirst()) where earlier == later {
      let text = milestones.map(\.description).joined(separator: ", ")
      report(
        "the budget [\(text)] (\(place)) with two milestones at \(earlier)", log: &log,
        expected: "a factor that keeps milestones apart")
      return nil
    }
    return scaled
  }

  /// Refuses invalid factors.
  func validate(log: inout DiagnosticLog) {
    guard factor.isFinite, factor > 0 else {
      report("the factor \(factor)", log: &log, expected: "a number above 0")
      return
    }
  }

  private func report(_ found: String, log: inout DiagnosticLog, expected: String) {
    log.report(found, at: .budgetScale(factor), expected: expected)
  }
}
