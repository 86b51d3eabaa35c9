/// A trial and its current state in the record.
package struct RecordedTrial: Codable, Hashable, Sendable {
  /// The trial as planned.
  package var planned: PlannedTrial
  /// Its status.
  package var status: TrialStatus
  /// The number of attempts started.
  package var attempts: Int
  /// Its result, if complete.
  package var result: TrialResult?
  /// The reports of an unfinished trial so far, by milestone index.
  package var reports: [Int: MilestoneReport] = [:]
  /// The folder of the sweep that the result was taken from; nil for one computed here.
  package var reusedFrom: String?
  /// Why earlier results were discarded, in order.
  package var discards: [String] = []
  /// The attempt that delivered the result; nil if only the status is known.
  package var recordedAttempt: Int?
  /// The recorded origins of the checkpoints that the result resumed from, by step.
  ///
  /// What the result itself says about them is not verified.
  package var checkpointOrigins: [Int: CheckpointOrigin] = [:]
  /// Why the last attempt failed, if one did.
  package var failure: TrialFailure?
  /// The worker that recorded the result or runs the trial, if any.
  package var worker: String?

  /// A trial in the given state.
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

extension RecordedTrial {
  /// The report of a milestone: the result's, or that of an unfinished trial.
  package func report(at budget: Budget) -> MilestoneReport? {
    if let result { return result.milestones.first { $0.budget == budget } }
    return reports.values.first { $0.budget == budget }
  }
}
