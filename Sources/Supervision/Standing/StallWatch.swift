/// Measures how long a trial has taken no step.
struct StallWatch {
  private var step = -1
  /// When the last step was taken.
  private(set) var since = Duration.zero

  /// Starts to watch.
  mutating func start(at now: Duration) {
    step = -1
    since = now
  }

  /// Notes the trial's progress.
  mutating func note(step newStep: Int, at now: Duration) {
    guard newStep > step else { return }
    step = newStep
    since = now
  }

  /// Excludes a time, ending now, in which no step could be seen.
  mutating func forgive(_ duration: Duration, at now: Duration) {
    since = min(since + duration, now)
  }
}
