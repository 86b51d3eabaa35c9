/// When a running trial's next checkpoint is due.
struct CheckpointSchedule {
  /// The bounds of an adaptive interval: what ships the checkpoints has work too, and nobody
  /// shall lose more than the longer.
  static let bounds = Duration.seconds(10)...Duration.seconds(300)
  /// How many times its cost an adaptive interval is.
  private static let costMultiple = 100

  private let interval: CheckpointInterval
  private var due: ContinuousClock.Instant

  /// A schedule that begins now.
  init(_ interval: CheckpointInterval, at now: ContinuousClock.Instant) {
    self.interval = interval
    due = now + Self.duration(interval, cost: .zero)
  }

  /// Whether a checkpoint is due.
  func isDue(at now: ContinuousClock.Instant) -> Bool { now >= due }

  /// Takes in that a checkpoint was written, or that it was tried.
  mutating func noteWriting(
    from beginning: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) {
    due = end + Self.duration(interval, cost: end - beginning)
  }

  private static func duration(_ interval: CheckpointInterval, cost: Duration) -> Duration {
    switch interval {
    case .adaptive: min(max(cost * costMultiple, bounds.lowerBound), bounds.upperBound)
    case .seconds(let seconds): .seconds(seconds)
    }
  }
}
