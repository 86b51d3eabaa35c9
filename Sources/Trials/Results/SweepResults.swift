/// All that is known of a sweep at one moment; what reports are made from.
package struct SweepResults: Codable, Hashable, Sendable {
  /// The sweep as planned.
  package var plan: SweepPlan
  /// Each trial's standing, in the plan's order.
  package var trials: [RecordedTrial]

  /// The results of a plan; `trials` follows the plan's order.
  package init(plan: SweepPlan, trials: [RecordedTrial]) {
    self.plan = plan
    self.trials = trials
  }

  /// Whether every trial has ended, so that nothing in a report can change any more.
  package var isComplete: Bool {
    trials.allSatisfy { $0.status == .complete || $0.status == .failed || $0.status == .stopped }
  }
}
