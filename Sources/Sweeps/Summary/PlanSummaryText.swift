import Foundation
import Trials

extension PlanSummary {
  /// The summary as a table for people, ending with a line break.
  package var text: String {
    var lines: [String] = []
    lines.append(plan.question.isEmpty ? plan.name : "\(plan.name): \(plan.question)")
    lines.append(
      "\(Self.count(trials.count, "trial")) in \(Self.count(stages.count, "stage")); "
        + (depth > 1
          ? "the longest chain of dependent trials has \(depth)" : "none waits for another"))
    lines.append("")
    lines += table()
    lines.append("")
    if isUpperBound {
      lines.append(
        "Steps and times are at most these: a trial that is quiet, oscillates or cannot reach its "
          + "tolerance ends earlier.")
    }
    let traced = plan.trials.count { $0.configuration.trace != nil }
    if traced > 0 {
      lines.append(
        "Traced: \(Self.count(traced, "trial")) with several tolerances each; the steps are those of all "
          + "of them.")
    }
    lines.append(
      "Critical path: \(isUpperBound ? "at most " : "")\(Self.duration(criticalPathSeconds)); "
        + "no number of cores finishes sooner.")
    lines.append("Assumed: \(costs.summary).")
    if !epochImageCounts.isEmpty {
      let counts = epochImageCounts.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.value.grouped) of \($0.key.name)" }
      lines.append("Training images in an epoch: \(counts.joined(separator: ", ")).")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func table() -> [String] {
    var rows = [
      ["stage", "waits for", "trials", "steps of each", "steps", "core-hours"].map { name in
        isUpperBound && ["steps of each", "steps", "core-hours"].contains(name)
          ? "\(name), at most" : name
      }
    ]
    for stage in stages {
      let each =
        stage.steps.lowerBound == stage.steps.upperBound
        ? stage.steps.lowerBound.grouped
        : "\(stage.steps.lowerBound.grouped) to \(stage.steps.upperBound.grouped)"
      rows.append([
        stage.name, stage.waitsFor.isEmpty ? "-" : stage.waitsFor.joined(separator: ", "),
        stage.trialCount.grouped, each, stage.totalSteps.grouped,
        Self.hours(stage.seconds),
      ])
    }
    if stages.count > 1 {
      rows.append([
        "all", "", trials.count.grouped, "", totalSteps.grouped, Self.hours(seconds),
      ])
    }
    return TextTable.lines(rows, leftAligned: [0, 1])
  }

  /// `1 trial`, `2,000 trials`.
  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number.grouped) \(noun)\(number == 1 ? "" : "s")"
  }

  /// Seconds as hours: two decimals below ten, one below a hundred, none above.
  static func hours(_ seconds: Double) -> String {
    let hours = seconds / 3600
    if hours < 10 { return String(format: "%.2f", hours) }
    return hours < 100 ? String(format: "%.1f", hours) : Int(hours.rounded()).grouped
  }

  /// Seconds in the unit that suits them: `40 s`, `12 min`, `5.3 h`.
  package static func duration(_ seconds: Double) -> String {
    if seconds < 99.5 { return String(format: "%.0f s", seconds) }
    if seconds < 99.5 * 60 { return String(format: "%.0f min", seconds / 60) }
    return String(format: "%.1f h", seconds / 3600)
  }
}

/// Lays out rows of text in columns.
package enum TextTable {
  /// One line per row, columns two spaces apart, right-aligned except for the given columns.
  package static func lines(_ rows: [[String]], leftAligned: Set<Int>) -> [String] {
    guard let columns = rows.first?.indices else { return [] }
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = columns.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return leftAligned.contains(column) ? row[column] + padding : padding + row[column]
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
