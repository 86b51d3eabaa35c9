/// Decides when progress is due, and measures the speed since the last time.
struct ProgressMeter {
  private let interval: Double
  private var lastStep: Int
  private var lastInstant: ContinuousClock.Instant

  init(interval: Double, step: Int, at instant: ContinuousClock.Instant) {
    self.interval = interval
    lastStep = step
    lastInstant = instant
  }

  /// Steps per second since progress was last due; nil if it is not due.
  mutating func tick(step: Int, isLast: Bool, at instant: ContinuousClock.Instant) -> Double? {
    let seconds = (instant - lastInstant) / .seconds(1)
    guard isLast || seconds >= interval else { return nil }
    let stepsPerSecond = Double(step - lastStep) / max(seconds, 1e-9)
    (lastStep, lastInstant) = (step, instant)
    return stepsPerSecond
  }
}
