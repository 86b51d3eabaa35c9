import Console
import Foundation
import Reports
import Sweeps
import Trials

/// A running sweep for `watch`: ``SweepView``, then hosts, the front and the latest events, as far
/// as there are rows.
struct WatchView {
  /// Most rows for hosts, and for events.
  private static let rowCountMaximum = 6

  private let status: SweepStatus
  private let facts: WatchFacts
  private let size: TerminalSize

  /// The view of a state on a terminal.
  init(_ status: SweepStatus, _ facts: WatchFacts, in size: TerminalSize) {
    self.status = status
    self.facts = facts
    self.size = size
  }

  /// At most as many lines as the terminal has rows.
  var lines: [String] {
    // The running trials take at most half of the rows.
    let first = TerminalSize(columns: size.columns, rows: max(4, size.rows / 2))
    var lines = SweepView(status, in: first, errors: facts.errors).lines
    // Keep an empty row and two events.
    let rows = size.rows - 3
    add(hosts(rows: min(Self.rowCountMaximum, rows - lines.count - 1)), to: &lines)
    if let results = facts.results {
      let rows = rows - lines.count - 1
      add(FrontBlocks.lines(of: results, columns: size.columns, rows: rows), to: &lines)
    }
    let latest = facts.latest.prefix(Self.rowCountMaximum).map(\.text)
    add(Array(latest.prefix(max(0, size.rows - lines.count - 1))), to: &lines)
    return Array(lines.prefix(size.rows))
  }

  /// Adds a part below an empty line.
  private func add(_ part: [String], to lines: inout [String]) {
    guard !part.isEmpty else { return }
    lines += [""] + part
  }

  /// A table of the hosts, the busiest on top.
  private func hosts(rows: Int) -> [String] {
    guard rows >= 2, status.hosts.count > 0 else { return [] }
    let order = status.hosts.sorted { ($1.running, $0.host) < ($0.running, $1.host) }
    let shown = order.count <= rows - 1 ? order : Array(order.prefix(max(0, rows - 2)))
    guard !shown.isEmpty else { return [] }
    var table = TextTable.lines(
      [["host", "slots", "train", "threads", "steps/s", ""]]
        + shown.map { host in
          [
            host.host, "\(host.slots)", "\(host.running)",
            host.threads.map(String.init) ?? "-",
            String(format: "%.0f", host.stepsPerSecond),
            host.drained.map { "drained: \($0)" } ?? "",
          ]
        }, leftAligned: [0, 5])
    if shown.count < order.count { table.append("… and \(order.count - shown.count) more hosts") }
    return table
  }
}
