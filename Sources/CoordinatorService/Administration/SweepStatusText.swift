import Foundation
import Sweeps

extension SweepStatus {
  /// The status for people, ending with a line break.
  package var text: String {
    var lines = [
      "\(sweep): " + (isRunning ? "running" : "no coordinator runs it")
        + (endpoint.map { "; workers connect to \($0)" } ?? "")
    ]
    if let obstacle { lines.append("HELD UP: \(obstacle)") }
    lines += (losses ?? []).map { "LOST: \($0)" }
    if let salvage { lines.append(salvage) }
    lines.append(counts.words)
    if isRunning { lines.append(forecastWords) }
    if let mixture = origins?.mixture { lines.append(mixture) }
    lines += table(
      "stages", ["stage", "complete", "running", "waiting", "failed", "stopped"], left: [0],
      stages.map {
        [
          $0.name, "\($0.counts.complete)", "\($0.counts.running)", "\($0.counts.waiting)",
          "\($0.counts.failed)", "\($0.counts.stopped)",
        ]
      })
    for stage in stages { lines += stage.paused.map { ["  \(stage.name) is paused: \($0)"] } ?? [] }
    lines += table(
      "running",
      ["trial", "stage", "host", "attempt", "threads", "step", "of", "mse", "open", "left"],
      left: [0, 1, 2], running.map(\.cells))
    lines += running.compactMap(\.riskWords).map { "  \($0)" }
    lines += table(
      "workers", ["worker", "host", "state", "slots", "running", "threads", "steps/s", "speed"],
      left: [0, 1, 2],
      workers.map {
        [
          $0.worker, $0.host, $0.state, "\($0.slots)", "\($0.running)",
          $0.threads.map(String.init) ?? "-", String(format: "%.1f", $0.stepsPerSecond),
          String(format: "%.2f", $0.relativeSpeed),
        ]
      })
    for worker in workers {
      guard let obstacle = worker.obstacle else { continue }
      lines.append("  \(worker.worker) on \(worker.host) takes no further trials: \(obstacle)")
    }
    let drained = hosts.filter { $0.drained != nil }
    for host in drained { lines.append("  host \(host.host) is drained: \(host.drained ?? "")") }
    if !failures.isEmpty {
      lines += ["", "failures"]
      for failure in failures {
        lines.append(
          "  \(failure.trials == 1 ? "1 trial" : "\(failure.trials) trials"), such as "
            + "\(failure.example): \(failure.message.firstLine)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func table(
    _ title: String, _ heading: [String], left: Set<Int>, _ rows: [[String]]
  ) -> [String] {
    guard !rows.isEmpty else { return [] }
    return ["", title]
      + TextTable.lines([heading] + rows, leftAligned: left).map { "  \($0)" }
  }

  private var forecastWords: String {
    if counts.waiting + counts.running == 0 { return "all trials have ended" }
    return forecast?.words ?? "no forecast: no worker can take a trial"
  }
}

extension SweepStatus.Counts {
  /// `3 of 10 trials complete, 2 running, 5 waiting`.
  var words: String {
    "\(complete) of \(total) trials complete, \(running) running, \(waiting) waiting"
      + (failed > 0 ? ", \(failed) failed" : "") + (stopped > 0 ? ", \(stopped) stopped" : "")
  }
}

extension SweepStatus.Forecast {
  /// `done in 3.1 h to 4.6 h`, followed by `, or before` if trials may end early.
  var words: String {
    "done in \(PlanSummary.duration(earliestSeconds)) to \(PlanSummary.duration(latestSeconds))"
      + (isUpperBound == true ? ", or before" : "")
  }
}

extension SweepStatus.Running {
  /// Losses of less computing time than this are not shown, in seconds.
  private static let secondsAtRisk = 600.0

  /// The computing time that would be lost with the attempt; nil if it is small or there is a
  /// checkpoint.
  var riskWords: String? {
    guard hasCheckpoint == false, let step, let stepsPerSecond, stepsPerSecond > 0,
      Double(step) / stepsPerSecond >= Self.secondsAtRisk
    else { return nil }
    return "no checkpoint of \(trial) has come from \(host.isEmpty ? worker : host): if it is "
      + "interrupted, \(PlanSummary.duration(Double(step) / stepsPerSecond)) are lost; see its worker's log"
  }

  fileprivate var cells: [String] {
    [
      trial, stage, host.isEmpty ? worker : host, "\(attempt)", threads.map(String.init) ?? "-",
      step.map(String.init) ?? "-",
      totalSteps.map(String.init) ?? "-", mse.map { String(format: "%.2f", $0) } ?? "-",
      gatesOpen.map(String.init) ?? "-",
      remainingSeconds.map(PlanSummary.duration) ?? "-",
    ]
  }
}

extension String {
  /// The text before the first line break, with a mark if more follows.
  var firstLine: String {
    let line = prefix { !$0.isNewline }
    return line.count == count ? self : line + " …"
  }
}
