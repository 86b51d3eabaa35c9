import Trials

/// A leased attempt as its worker's messages show it.
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
  /// How often the assignment was sent again without being claimed since.
  var resends = 0
  /// The last progress heard of, the most steps heard of, and when those were first heard of.
  var progress: TrialProgress?
  var furthestStep = 0
  var progressAt: Instant
  /// The step of the progress from which the speed model last learned.
  var learnedStep = 0

  init(trial: Int, attempt: Int, sentAt: Instant) {
    self.trial = trial
    self.attempt = attempt
    self.sentAt = sentAt
    begunAt = sentAt
    progressAt = sentAt
  }

  /// The latest moment at which the worker is known, or may be thought, to have the attempt.
  var lastSign: Instant { max(sentAt, claimedAt ?? sentAt) }
}
