/// Which checkpoint is on its way to the coordinator, and when the next may follow.
struct CheckpointShipping {
  /// Checkpoints leave the link alone for so many times what they took.
  private static let restMultiple = 3
  /// No rest is longer, so that on a slow link, too, nobody loses more than minutes.
  private static let restMaximum = Duration.seconds(240)
  /// What failed is tried again after the shorter pause, which doubles up to the longer: a
  /// coordinator that was restarted is there again, one that has no room is not.
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
