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
  /// What an unfinished trial has reported so far, by its milestone's place.
  package var reports: [Int: MilestoneReport] = [:]
  /// The folder of the sweep whose record had the result before; nil for one computed here.
  package var reusedFrom: String?
  /// Why earlier results were discarded, in order.
  package var discards: [String] = []
  /// The attempt that brought the result; nil where only the standing is known.
  package var recordedAttempt: Int?
  /// Who brought the checkpoints that the result went on from, by step, as far as the coordinator has
  /// recorded it; what the result says of them nobody has proven.
  package var checkpointOrigins: [Int: CheckpointOrigin] = [:]
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

extension RecordedTrial {
  /// The report of a milestone: the result's, or that of an unfinished trial.
  package func report(at budget: Budget) -> MilestoneReport? {
    if let result { return result.milestones.first { $0.budget == budget } }
    return reports.values.first { $0.budget == budget }
  }
}
