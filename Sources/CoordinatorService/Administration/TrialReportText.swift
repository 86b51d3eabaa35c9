import Foundation
import Sweeps
import Trials

extension TrialReport {
  /// The report for people, ending with a line break.
  package var text: String {
    var lines = [
      "trial \(trial), stage \(stage), replicate \(replicate)",
      "  \(dataset), latents \(latents.map { "\($0)" } ?? latentsFrom ?? ""), "
        + (trace.map { "traces the tolerances " + $0.map { "\($0)" }.joined(separator: ", ") }
          ?? "tolerance \(tolerance.map { "\($0)" } ?? toleranceFrom ?? "")") + ", "
        + milestones.map { "\($0.count) \($0.unit)" }.joined(separator: ", ")
        + (quietWindow.map { ", earlier once it is quiet (window of \($0) batches)" } ?? ""),
      "\(status): \(reason)",
    ]
    if let remedy { lines.append("  \(remedy)") }
    lines += result?.lines ?? []
    for parent in parents {
      let verb = parent.status == TrialStatus.complete.rawValue ? "builds on" : "waits for"
      lines.append("  \(verb) \(parent.trial), which is \(parent.status)")
    }
    if childCount > 0 {
      lines.append(
        "  \(childCount == 1 ? "1 trial waits" : "\(childCount) trials wait") for its result")
    }
    lines += running.compactMap(\.riskWords).map { "  \($0)" }
    for run in running {
      guard let step = run.step, let total = run.totalSteps else { continue }
      lines.append(
        "  attempt \(run.attempt) on \(run.host): step \(step) of \(total)"
          + (run.remainingSeconds.map { ", \(PlanSummary.duration($0)) left" } ?? ""))
    }
    if chargedFailures > 0 {
      lines.append("  \(chargedFailures) failures of its own, of \(attemptLimit) that it may have")
    }
    if let checkpoint = checkpoints.first {
      lines.append(
        "  its latest checkpoint is of step \(checkpoint.step) (\(checkpoint.byteCount) bytes, "
          + "\(checkpoint.instructionSet))")
    }
    if !attempts.isEmpty { lines.append("attempts") }
    for attempt in attempts {
      let end = attempt.ended.map { " to \(Self.text($0))" } ?? ""
      lines.append(
        "  \(attempt.attempt)  \(attempt.worker)  \(Self.text(attempt.begun))\(end)")
      lines.append("     \(attempt.words.firstLine)")
    }
    if let logs { lines.append("  `\(logs)` shows their logs") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ date: Date) -> String {
    date.formatted(
      .iso8601.year().month().day().dateSeparator(.dash).time(includingFractionalSeconds: false))
  }
}
