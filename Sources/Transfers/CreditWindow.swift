/// Limits the unanswered pieces of a transfer, and decides when to retry or give up.
///
/// The window grows by one piece with every answer, up to its maximum, and shrinks to one piece if
/// no answer came for the retry interval. So a slow connection is not flooded with repeated
/// requests, and one with a high latency is kept busy.
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

  /// Notes progress of the transfer.
  mutating func noteProgress(at now: ContinuousClock.Instant) {
    pieceCount = min(pieceCount + 1, settings.pieceCountMaximum)
    lastProgress = now
    lastAttempt = now
    retryInterval = settings.retryInterval
  }

  /// Whether to retry now; doubles the retry interval.
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

  /// The longest wait for an answer.
  func patience(at now: ContinuousClock.Instant) -> Duration {
    min(lastAttempt + retryInterval - now, lastProgress + settings.stallTimeout - now)
  }
}
