import Console
import Foundation
import Sweeps
import Trials

/// A sweep's state as lines for a terminal.
///
/// Most important first: progress, problems, running trials.
struct SweepView {
  private let status: SweepStatus
  private let size: TerminalSize
  private let errors: [String: [Double]]

  /// The view of a state on a terminal.
  ///
  /// - Parameter errors: The error histories of running trials, by the trials' names; drawn as
  ///   sparklines.
  init(_ status: SweepStatus, in size: TerminalSize, errors: [String: [Double]] = [:]) {
    self.status = status
    self.size = size
    self.errors = errors
  }

  /// At most as many lines as the terminal has rows.
  var lines: [String] {
    var lines = [heading, bar]
    lines += troubles
    let free = size.rows - lines.count
    // Show the table only if a heading and one trial fit.
    if free >= 2, !status.running.isEmpty { lines += trials(rows: free) }
    return Array(lines.prefix(size.rows))
  }

  /// `figure3: 4 of 10 trials complete, 2 running, 4 waiting; done in 2 h to 3 h`.
  private var heading: String {
    "\(status.sweep): \(status.counts.words)"
      + (status.forecast.map { "; \($0.words)" } ?? "")
  }

  /// `████████░░░░░░░░  43 %  3 workers on 2 hosts, 5 of 6 slots train`.
  private var bar: String {
    let share = shareDone
    let connected = status.workers.filter { $0.state != "away" }
    let hosts = Set(connected.map(\.host)).count
    let slots = connected.reduce(0) { $0 + $1.slots }
    let busy = connected.reduce(0) { $0 + $1.running }
    let workers =
      connected.isEmpty
      ? "no workers"
      : "\(connected.count == 1 ? "1 worker" : "\(connected.count) workers") on "
        + "\(hosts == 1 ? "1 host" : "\(hosts) hosts"), \(busy) of \(slots) slots train"
    let words = String(format: " %3.0f %%  ", 100 * share) + workers
    let width = min(40, size.columns - TerminalSize.width(of: words))
    guard width >= 8 else { return words.trimmingCharacters(in: .whitespaces) }
    // The bar is full only when no work is left.
    let filled = share >= 1 ? width : min(width - 1, Int(share * Double(width)))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      + words
  }

  /// The fraction of ended trials, counting running ones by their fraction of steps done.
  private var shareDone: Double {
    guard status.counts.total > 0 else { return 1 }
    let counts = status.counts
    let ended = Double(counts.complete + counts.failed + counts.stopped)
    let partly = status.running.reduce(0.0) { sum, trial in
      guard let step = trial.step, let total = trial.totalSteps, total > 0 else { return sum }
      return sum + min(1, max(0, Double(step) / Double(total)))
    }
    return min(1, (ended + partly) / Double(counts.total))
  }

  /// What blocks the sweep, and what failed.
  private var troubles: [String] {
    var lines: [String] = []
    if let obstacle = status.obstacle { lines.append("HELD UP: \(obstacle.firstLine)") }
    for stage in status.stages {
      guard let paused = stage.paused else { continue }
      lines.append("PAUSED: \(stage.name): \(paused.firstLine)")
    }
    for worker in status.workers {
      guard let obstacle = worker.obstacle else { continue }
      lines.append("\(worker.host) takes no further trials: \(obstacle.firstLine)")
    }
    for failure in status.failures.prefix(3) {
      lines.append(
        "FAILED: \(failure.trials == 1 ? "1 trial" : "\(failure.trials) trials"), such as "
          + "\(failure.example): \(failure.message.firstLine)")
    }
    return lines
  }

  /// A table of the running trials, the first to end on top.
  private func trials(rows: Int) -> [String] {
    let order = status.running.sorted { left, right in
      (left.remainingSeconds ?? .infinity, left.words) < (
        right.remainingSeconds ?? .infinity, right.words
      )
    }
    // The last row gives the number of omitted trials.
    let shown = order.count <= rows - 1 ? order : Array(order.prefix(max(0, rows - 2)))
    let hasCourses = shown.contains { errors[$0.trial]?.isEmpty == false }
    let heading = ["trial", "step", "of", "mse", "open", "left", "host"]
    var table = TextTable.lines(
      [hasCourses ? heading + ["mse so far"] : heading]
        + shown.map { cells($0) + (hasCourses ? [course(of: $0)] : []) },
      leftAligned: [0, 6, 7])
    if shown.count < order.count { table.append("… and \(order.count - shown.count) more") }
    return table
  }

  /// The error history of a trial as a sparkline.
  private func course(of trial: SweepStatus.Running) -> String {
    Sparkline.text(errors[trial.trial] ?? [], width: Self.courseWidth)
  }

  private static let courseWidth = 16

  private func cells(_ trial: SweepStatus.Running) -> [String] {
    // The columns after the name take up to 50 columns plus the sparkline.
    let courses = errors.isEmpty ? 0 : Self.courseWidth + 2
    let nameSize = TerminalSize(columns: max(12, size.columns - 50 - courses), rows: 1)
    return [
      nameSize.fitted(trial.words), trial.step?.grouped ?? "–", trial.totalSteps?.grouped ?? "–",
      trial.mse.map { String(format: "%.2f", $0) } ?? "–",
      trial.gatesOpen.map(String.init) ?? "–",
      trial.remainingSeconds.map(PlanSummary.duration) ?? "–",
      trial.host.isEmpty ? trial.worker : trial.host,
    ]
  }
}

extension SweepStatus.Running {
  /// The display name of the trial.
  fileprivate var words: String { name ?? trial }
}
