/// How much of a blob may be under way unanswered, and when to ask again or to give up.
///
/// The window opens by one piece with every answer, up to its maximum, and closes to one piece
/// when nothing came for the retry interval. So a slow connection is never given a pile of
/// repeated requests, and a long one is kept busy.
struct CreditWindow {
  private(set) var pieceCount = 2
  private let settings: TransferSettings
  private var lastProgress: ContinuousClock.Instant
  private var lastAttempt: ContinuousClock.Instant
  private var retryInterval: Duration

  init(_ settings: TransferSettings, at now: ContinuousClock.Instant) {
    self.settings = settings
    lastProgress = now
    lastAttempt = now
    retryInterval = settings.retryInterval
  }

  /// Notes that the transfer moved on.
  mutating func noteProgress(at now: ContinuousClock.Instant) {
    pieceCount = min(pieceCount + 1, settings.pieceCountMaximum)
    lastProgress = now
    lastAttempt = now
    retryInterval = settings.retryInterval
  }

  /// Whether to ask again now; the next time is twice as far away.
  mutating func takeRetry(at now: ContinuousClock.Instant) -> Bool {
    guard now - lastAttempt >= retryInterval else { return false }
    pieceCount = 1
    lastAttempt = now
    retryInterval *= 2
    return true
  }

  /// Whether to give up.
  func isStalled(at now: ContinuousClock.Instant) -> Bool {
    now - lastProgress >= settings.stallTimeout
  }

  /// How long to wait for an answer at most.
  func patience(at now: ContinuousClock.Instant) -> Duration {
    min(lastAttempt + retryInterval - now, lastProgress + settings.stallTimeout - now)
  }
}
