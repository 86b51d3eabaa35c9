import Console

/// Shows on the terminal how far a sweep is, drawn anew about every second.
///
/// Messages pass above it (``LiveRegion``).
final class SweepDisplay {
  /// How long a drawing stays at least.
  private static let interval = Duration.milliseconds(500)
  /// Of the time, the part that drawing may take: the state of a sweep of 100,000 trials is not
  /// had for nothing.
  private static let shareMaximum = 0.05

  private let region: LiveRegion
  private let clock = ContinuousClock()
  private var nextDrawing: ContinuousClock.Instant

  /// A display on standard error; nil when that is no terminal.
  init?() {
    guard let region = LiveRegion.begin() else { return nil }
    self.region = region
    nextDrawing = clock.now
  }

  /// Draws the state if it is time to.
  func drawIfDue(
    _ status: () -> SweepStatus?,
    as lines: (SweepStatus, TerminalSize) -> [String] = { SweepView($0, in: $1).lines }
  ) {
    let start = clock.now
    guard start >= nextDrawing else { return }
    guard let status = status() else { return }
    region.show { lines(status, $0) }
    let cost = clock.now - start
    nextDrawing = start + max(Self.interval, cost / Self.shareMaximum)
  }

  /// Leaves what is shown where it is.
  func close() { region.close() }
}
