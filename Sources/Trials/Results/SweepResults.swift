/// The state of a sweep at one moment, from which reports are made.
package struct SweepResults: Codable, Hashable, Sendable {
  /// The sweep as planned.
  package var plan: SweepPlan
  /// Each trial's state, in the plan's order.
  package var trials: [RecordedTrial]

  /// The results of a plan; `trials` follows the plan's order.
  package init(plan: SweepPlan, trials: [RecordedTrial]) {
    self.plan = plan
    self.trials = trials
  }

  /// Whether every trial has ended, so that reports will not change.
  package var isComplete: Bool {
    trials.allSatisfy { $0.status == .complete || $0.status == .failed || $0.status == .stopped }
  }
}
