import Trials

/// A leased attempt and what its worker has reported of it.
struct Lease: Sendable {
  /// The trial's number in the plan.
  let trial: Int
  let attempt: Int
  /// When it was leased, or when the coordinator started.
  let begunAt: Instant
  /// When the assignment was last sent.
  var sentAt: Instant
  /// When the worker last claimed the attempt.
  var claimedAt: Instant?
  /// How often the assignment was repeated since the last claim.
  var resends = 0
  /// The last reported progress, the most steps reported, and when those were first reported.
  var progress: TrialProgress?
  var furthestStep = 0
  var progressAt: Instant
  /// The step at the last update of the speed model.
  var learnedStep = 0

  init(trial: Int, attempt: Int, sentAt: Instant) {
    self.trial = trial
    self.attempt = attempt
    self.sentAt = sentAt
    begunAt = sentAt
    progressAt = sentAt
  }

  /// When the assignment was last sent or the attempt last claimed.
  var lastSign: Instant { max(sentAt, claimedAt ?? sentAt) }
}
