import Console
import Foundation
import Store

/// A running sweep as lines for a file or a pipe: how far it is now and then, and what happened.
struct WatchPrinter {
  private let interval: Duration
  private let clock = ContinuousClock()
  private var nextLine: ContinuousClock.Instant
  /// The latest record that was told; nil before the first look, which tells none.
  private var told: Int?

  /// A printer before its first line, which comes at once.
  init(interval: Duration) {
    self.interval = interval
    nextLine = clock.now
  }

  /// What is to be printed now, whole lines; often nothing.
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
