/// When a running trial's next checkpoint is due.
struct CheckpointSchedule {
  /// The bounds of an adaptive interval: the lower limits the upload traffic, the upper the work
  /// that is lost with a worker.
  static let bounds = Duration.seconds(10)...Duration.seconds(300)
  /// An adaptive interval divided by the cost of a checkpoint.
  private static let costMultiple = 100

  private let interval: CheckpointInterval
  private var due: ContinuousClock.Instant

  /// A schedule whose first interval begins now.
  init(_ interval: CheckpointInterval, at now: ContinuousClock.Instant) {
    self.interval = interval
    due = now + Self.duration(interval, cost: .zero)
  }

  /// Whether a checkpoint is due.
  func isDue(at now: ContinuousClock.Instant) -> Bool { now >= due }

  /// Notes when a checkpoint was written, or an attempt made, and schedules the next.
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
