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
  /// How many threads the trial may have; of interest only if its worker's cores can be divided.
  var threads = 1
  /// Whether this coordinator has chosen or heard the number; a restarted one has not.
  var knowsThreads = true
  /// How many threads the worker claims for it; nil before the first claim.
  var claimedThreads: Int?
  /// How many threads it had when ``progress`` was reported.
  var progressThreads = 1
  /// When the number of threads was last changed, when it was last sent, and how often it was
  /// repeated since the change.
  var threadsChangedAt: Instant
  var threadsSentAt: Instant
  var threadsResends = 0

  init(trial: Int, attempt: Int, sentAt: Instant) {
    self.trial = trial
    self.attempt = attempt
    self.sentAt = sentAt
    begunAt = sentAt
    progressAt = sentAt
    threadsChangedAt = sentAt
    threadsSentAt = sentAt
  }

  /// Whether its worker has shown a step.
  var hasBegun: Bool { furthestStep > 0 }

  /// How many of its worker's cores it takes: while its threads change, the larger number.
  var coreCount: Int { max(threads, claimedThreads ?? 1) }

  /// When the assignment was last sent or the attempt last claimed.
  var lastSign: Instant { max(sentAt, claimedAt ?? sentAt) }
}
