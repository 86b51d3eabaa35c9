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

/// One trial's standing.
package struct RecordedTrial: Codable, Hashable, Sendable {
  /// The trial as planned.
  package var planned: PlannedTrial
  /// Where it stands.
  package var status: TrialStatus
  /// How many attempts were begun.
  package var attempts: Int
  /// Its result, once complete.
  package var result: TrialResult?
  /// Why the last attempt failed, if one did.
  package var failure: TrialFailure?
  /// The worker that recorded the result or runs the trial, if any.
  package var worker: String?

  /// A standing of the given parts.
  package init(
    planned: PlannedTrial, status: TrialStatus, attempts: Int, result: TrialResult?,
    failure: TrialFailure?, worker: String?
  ) {
    self.planned = planned
    self.status = status
    self.attempts = attempts
    self.result = result
    self.failure = failure
    self.worker = worker
  }
}

/// Where a trial stands.
package enum TrialStatus: String, CaseIterable, Codable, Hashable, Sendable {
  /// Not started, or to be started again.
  case waiting
  /// Leased to a worker.
  case running
  /// Its one result is recorded.
  case complete
  /// It failed as often as it may, or a parent did; it will not be tried again by itself.
  case failed
  /// A person stopped it.
  case stopped
}
