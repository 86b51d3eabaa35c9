/// Since when a trial has taken no step.
struct StallWatch {
  private var step = -1
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

  /// Takes in that nobody could see any step for a while.
  mutating func forgive(_ duration: Duration) { since += duration }
}
