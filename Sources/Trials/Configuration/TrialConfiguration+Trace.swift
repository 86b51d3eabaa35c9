import Foundation

extension TrialConfiguration {
  /// The milestones of a traced trial: the most steps up to the end of each rung.
  ///
  /// - Parameter budget: The most that a rung trains.
  /// - Returns: Once, twice, … the budget; nil if the last is above ``Budget/maximumCount``.
  package static func milestones(of ladder: ToleranceLadder, within budget: Budget) -> [Budget]? {
    guard budget.count <= Budget.maximumCount / ladder.count else { return nil }
    return (1...ladder.count).map { budget.with(count: $0 * budget.count) }
  }

  /// The most that each rung of a traced trial trains; nil for other trials.
  package var rungBudget: Budget? { trace == nil ? nil : milestones.first }

  /// The tolerance at the trial's end: τ of a traced trial's last rung.
  ///
  /// - Throws: ``ConfigurationError/parentWithoutResult(_:)`` while τ waits for a parent.
  package func lastTolerance() throws(ConfigurationError) -> Double {
    if let trace { return trace.last }
    return try resolvedTolerance()
  }

  /// τ at a report, for people: of a traced trial the rung's, before its first report the first rung's;
  /// nil while it waits for a parent.
  package func tolerance(at report: MilestoneReport?) -> Double? {
    if let trace { return report?.tolerance ?? trace.first }
    return try? resolvedTolerance()
  }

  /// τ up to a milestone; nil while it waits for a parent.
  package func tolerance(atMilestone index: Int) -> Double? {
    if let trace { return trace.tolerances[min(index, trace.count - 1)] }
    return try? resolvedTolerance()
  }

  /// Checks that a ladder fits the tolerance and the milestones.
  func validateTrace() throws(ConfigurationError) {
    guard let trace else { return }
    guard tolerance == .value(trace.first) else {
      throw .invalid(
        setting: "tolerance", found: "\(tolerance)",
        expected: "\(trace.first), the first tolerance of trace")
    }
    let most = ToleranceLadder.probabilityCountMaximum
    if case .value(let latents) = model.latents, latents > most / trace.count {
      throw .invalid(
        setting: "trace", found: "\(trace.count) tolerances with \(latents) latents",
        expected: "at most \(most / latents) tolerances, whose gates fit one result")
    }
    guard let first = milestones.first,
      milestones == Self.milestones(of: trace, within: first)
    else {
      throw .invalid(
        setting: "milestones",
        found: "[" + milestones.map(\.description).joined(separator: ", ") + "]",
        expected: "one for each of the \(trace.count) tolerances of trace, at equal distances")
    }
  }
}

extension TrainerSettings {
  /// The steps after which training has forgotten an earlier tolerance: less than a hundredth of the
  /// weight in C_ma and in Adam's second moments is then older.
  ///
  /// 4,603 with the default settings, for Adam's β₂ = 0.999; 459 for α = 0.99 alone.
  package var dwell: Int {
    let decay = max(constraintSmoothing, adamBeta2)
    guard decay > 0 else { return 1 }
    guard decay < 1 else { return Budget.maximumCount }
    return Int(min((log(0.01) / log(decay)).rounded(.up), Double(Budget.maximumCount)))
  }
}
