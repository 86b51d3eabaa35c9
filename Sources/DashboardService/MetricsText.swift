import CoordinatorService
import Foundation
import Store
import Trials

/// `/metrics`: the sweeps in Prometheus' text format 0.0.4.
///
/// Names follow its conventions: base units, counters end with `_total`. Every sample has the labels
/// `sweep` and `folder`.
struct MetricsText {
  /// The content type of the format.
  static let type = "text/plain; version=0.0.4; charset=utf-8"

  private struct Family {
    var help: String
    var type: String
    var samples: [String] = []
  }

  private var order: [String] = []
  private var families: [String: Family] = [:]

  /// The metrics of some sweeps as they are now.
  init(of monitors: [SweepMonitor]) {
    for monitor in monitors {
      let facts = monitor.read { board in
        (
          board.plan.name, board.counts, board.live, board.follower?.sequence ?? 0,
          board.coreHours * 3600, board.stepCount
        )
      }
      add(facts, in: monitor.folder)
    }
  }

  private mutating func add(
    _ facts: (
      name: String, counts: SweepStatus.Counts, live: SweepStatus?, sequence: Int,
      seconds: Double, steps: Int
    ), in folder: URL
  ) {
    let labels = [("sweep", facts.name), ("folder", folder.relativePath)]
    func gauge(
      _ name: String, _ help: String, _ value: Double, _ more: [(String, String)] = [],
      type: String = "gauge"
    ) {
      add(name, help: help, type: type, labels + more, value)
    }
    let counts = facts.counts
    for (status, count) in [
      ("waiting", counts.waiting), ("running", counts.running), ("complete", counts.complete),
      ("failed", counts.failed), ("stopped", counts.stopped),
    ] {
      gauge("trials", "Trials of the sweep by status.", Double(count), [("status", status)])
    }
    gauge("queue_trials", "Trials that wait for a slot or for a parent.", Double(counts.waiting))
    gauge("coordinator_up", "Whether a coordinator answers.", facts.live == nil ? 0 : 1)
    gauge(
      "records_total", "Records in the sweep's journal.", Double(facts.sequence), type: "counter")
    gauge(
      "core_seconds_total", "Seconds of one core that the results took.", facts.seconds,
      type: "counter")
    gauge(
      "steps_total", "Optimiser steps of the results.", Double(facts.steps), type: "counter")
    for name in ["sweep.sqlite", "sweep.sqlite-wal", "results.log"] {
      gauge(
        "record_bytes", "Bytes of the sweep's record by file.",
        Double(Self.byteCount(of: folder.appending(path: name).path)), [("file", name)])
    }
    guard let live = facts.live else { return }
    for state in ["connected", "silent", "away"] {
      let count = live.workers.count { $0.state == state }
      gauge("workers", "Worker processes by state.", Double(count), [("state", state)])
    }
    gauge("slots", "Slots of all workers.", Double(live.workers.reduce(0) { $0 + $1.slots }))
    gauge(
      "busy_slots", "Slots that run a trial.", Double(live.workers.reduce(0) { $0 + $1.running }))
    gauge(
      "running_steps_per_second", "Optimiser steps per second of the running trials.",
      live.running.reduce(0) { $0 + ($1.stepsPerSecond ?? 0) })
    if let forecast = live.forecast {
      gauge("remaining_seconds", "Expected time to the sweep's end.", forecast.expectedSeconds)
    }
    if let commits = live.commits {
      gauge(
        "commits_total", "Commits of the record since the coordinator began.",
        Double(commits.count), type: "counter")
      gauge(
        "commit_seconds_total", "Time that they took together.", commits.seconds, type: "counter")
      gauge(
        "commit_seconds_maximum", "The longest of the last 1,000 of them.", commits.longestSeconds)
      if let p99 = commits.p99Seconds {
        gauge(
          "commit_seconds_p99", "The duration that 99 % of the last 1,000 of them did not exceed.",
          p99)
      }
    }
  }

  private mutating func add(
    _ name: String, help: String, type: String, _ labels: [(String, String)], _ value: Double
  ) {
    let name = "bottlenecksweep_\(name)"
    if families[name] == nil {
      order.append(name)
      families[name] = Family(help: help, type: type)
    }
    let text = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    families[name]?.samples.append("\(name){\(text)} \(value)")
  }

  private static func escaped(_ text: String) -> String {
    PlainText.line(text).replacing(scalar: "\\", with: "\\\\")
      .replacing(scalar: "\"", with: "\\\"")
  }

  private static func byteCount(of path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.size] as? Int ?? 0
  }

  /// The answer's text.
  var text: String {
    order.map { name in
      guard let family = families[name] else { return "" }
      return "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
        + family.samples.map { "\($0)\n" }.joined()
    }.joined()
  }
}
