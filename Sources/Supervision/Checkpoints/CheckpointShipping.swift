/// Which checkpoint is being uploaded, and when the next may follow.
struct CheckpointShipping {
  /// After an upload, the pause is its duration times this.
  private static let restMultiple = 3
  /// Longest pause, so that a lost worker costs only minutes of work even on a slow link.
  private static let restMaximum = Duration.seconds(240)
  /// A failed upload is retried after the first delay, which then doubles up to the longest.
  ///
  /// A restarted coordinator accepts it soon; one without space does not.
  private static let retryDelay = (first: Duration.seconds(1), longest: Duration.seconds(30))

  /// The work whose checkpoint is being sent.
  private(set) var current: WorkID?
  /// When the next one may be sent.
  private(set) var restUntil = Duration.zero
  private var retryDelay = Self.retryDelay.first

  mutating func begin(_ id: WorkID) { current = id }

  mutating func end(took duration: Duration, at now: Duration) {
    current = nil
    retryDelay = Self.retryDelay.first
    restUntil = now + min(duration * Self.restMultiple, Self.restMaximum)
  }

  mutating func fail(at now: Duration) {
    current = nil
    restUntil = now + retryDelay
    retryDelay = min(retryDelay * 2, Self.retryDelay.longest)
  }
}
