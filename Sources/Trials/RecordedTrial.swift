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
  /// The attempt that brought the result; nil where only the standing is known.
  package var recordedAttempt: Int?
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
