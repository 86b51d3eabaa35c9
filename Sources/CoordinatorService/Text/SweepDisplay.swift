import Console

/// Shows a sweep's progress on the terminal, redrawn about every second.
///
/// Messages scroll above it (``LiveRegion``).
final class SweepDisplay {
  /// Shortest time between two drawings.
  private static let interval = Duration.milliseconds(500)
  /// Largest fraction of time spent on drawing, since the state of a large sweep is costly to
  /// collect.
  private static let shareMaximum = 0.05

  private let region: LiveRegion
  private let clock = ContinuousClock()
  private var nextDrawing: ContinuousClock.Instant

  /// A display on standard error; nil if that is not a terminal.
  init?() {
    guard let region = LiveRegion.begin() else { return nil }
    self.region = region
    nextDrawing = clock.now
  }

  /// Draws the state if that is due.
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

  /// Ends the display; the last drawing stays.
  func close() { region.close() }
}
