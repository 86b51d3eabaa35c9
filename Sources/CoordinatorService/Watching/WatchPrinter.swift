import Console
import Foundation
import Store

/// Prints a running sweep to a file or a pipe: the progress at intervals, and events.
struct WatchPrinter {
  private let interval: Duration
  private let clock = ContinuousClock()
  private var nextLine: ContinuousClock.Instant
  /// The latest record printed; nil before the first read, which prints none.
  private var told: Int?

  /// A printer; its first line is due at once.
  init(interval: Duration) {
    self.interval = interval
    nextLine = clock.now
  }

  /// The lines to print now; often none.
  mutating func text(_ status: SweepStatus, _ facts: WatchFacts) -> String {
    var lines: [String] = []
    if let told {
      lines += facts.latest.filter { $0.sequence > told }.reversed().map(\.text)
    }
    told = max(told ?? 0, facts.latest.first?.sequence ?? 0)
    if clock.now >= nextLine {
      nextLine = clock.now + interval
      lines.append(SweepView(status, in: TerminalSize(columns: 200, rows: 1)).lines.joined())
    }
    return lines.map { "\($0)\n" }.joined()
  }
}
