/// Since when a trial has taken no step.
struct StallWatch {
  private var step = -1
  /// When the last step was taken.
  private(set) var since = Duration.zero

  /// Begins to watch.
  mutating func start(at now: Duration) {
    step = -1
    since = now
  }

  /// Takes in how far the trial is.
  mutating func note(step newStep: Int, at now: Duration) {
    guard newStep > step else { return }
    step = newStep
    since = now
  }

  /// Takes in that nobody could see any step for a while, until now.
  mutating func forgive(_ duration: Duration, at now: Duration) {
    since = min(since + duration, now)
  }
}
