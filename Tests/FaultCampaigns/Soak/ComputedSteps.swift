import Foundation

/// Counts the optimiser steps that the trials' processes took, from their files in the workers'
/// caches.
///
/// A process logs in `log.txt` the step from which it starts, and appends a row to `pace.csv` every
/// `sampling` steps. A row stays in the file even if the process is killed. The steps that a process
/// may have taken after its last row are counted as taken, so the counts are upper bounds. If a
/// folder is gone, its trial has ended or was withdrawn since the last look; then the steps that fit
/// into the time since that look are added, up to the trial's end.
struct ComputedSteps {
  /// One process of a trial.
  struct Run {
    /// Its index in the order in which the processes were first seen.
    var number: Int
    var trial: String
    var attempt: Int
    /// The step from which it started.
    var first: Int
    /// The step of its last row.
    var row: Int
    /// The training time until its last row.
    var seconds = 0.0
    /// The most steps that it can have taken after its last row.
    var slack: Int
    var lastLook: ContinuousClock.Instant
    var isGone = false

    /// The most steps that it can have taken.
    var steps: Int { row + slack - first }
  }

  /// Steps between two rows.
  let sampling: Int
  /// The steps of each trial.
  let length: Int
  private var runs: [String: Run] = [:]
  private var order: [String] = []

  init(sampling: Int, length: Int) {
    (self.sampling, self.length) = (sampling, length)
  }

  /// The runs in the order in which they were first seen.
  var inOrder: [Run] { order.compactMap { runs[$0] } }

  /// The sum of the steps of all processes.
  var total: Int { runs.values.reduce(0) { $0 + $1.steps } }

  /// The mean steps per second of one process.
  var pace: Double {
    let rows = runs.values.filter { $0.seconds > 0 }
    let seconds = rows.reduce(0) { $0 + $1.seconds }
    return seconds > 0 ? Double(rows.reduce(0) { $0 + $1.row - $1.first }) / seconds : 0
  }

  /// Reads the files in the caches of workers.
  mutating func look(into caches: [URL]) {
    let now = ContinuousClock.now
    let manager = FileManager.default
    for cache in caches {
      let workers = cache.appending(path: "workers")
      for worker in (try? manager.contentsOfDirectory(atPath: workers.path)) ?? [] {
        let folder = workers.appending(path: worker)
        for name in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
        where name != "lock" {
          look(at: folder.appending(path: name), now)
        }
      }
    }
    let pace = max(pace, 1)
    for (path, run) in runs where !run.isGone && run.lastLook != now {
      let since = (now - run.lastLook) / .seconds(1)
      runs[path]?.isGone = true
      runs[path]?.slack = min(
        length - run.row, run.slack + Int((since * pace).rounded(.up)))
    }
  }

  /// Whether, at the last look, a process of a cache had started its trial and had not passed half
  /// of it.
  func isUnderWay(below cache: URL) -> Bool {
    runs.contains { path, run in
      path.hasPrefix(cache.path + "/") && !run.isGone && run.row <= length / 2
    }
  }

  /// Notes that the processes of a cache have ended, and returns their counts as last seen.
  mutating func end(below cache: URL) -> [Run] {
    let ended = order.filter { $0.hasPrefix(cache.path + "/") && runs[$0]?.isGone == false }
    for path in ended { runs[path]?.isGone = true }
    return ended.compactMap { runs[$0] }
  }

  private mutating func look(at folder: URL, _ now: ContinuousClock.Instant) {
    func text(_ name: String) -> String? {
      try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    guard let log = text("log.txt"), let first = Self.firstStep(in: log) else { return }
    let path = folder.path
    if runs[path] == nil {
      guard let data = text("attempt.json")?.data(using: .utf8),
        let spooled = try? JSONDecoder().decode(Spooled.self, from: data)
      else { return }
      order.append(path)
      runs[path] = Run(
        number: order.count - 1, trial: spooled.trial, attempt: spooled.attempt, first: first,
        row: first,
        slack: min(sampling - 1, length - first), lastLook: now)
    }
    runs[path]?.lastLook = now
    let rows = (text("pace.csv.partial") ?? text("pace.csv") ?? "").split(separator: "\n")
    // The last row may be incomplete while it is being written.
    for row in rows.dropFirst().reversed() {
      let cells = row.split(separator: ",")
      guard cells.count == 3, let step = Int(cells[0]), let seconds = Double(cells[1]) else {
        continue
      }
      runs[path]?.row = step
      runs[path]?.seconds = seconds
      runs[path]?.slack = min(sampling - 1, length - step)
      return
    }
  }

  private struct Spooled: Decodable {
    var trial: String
    var attempt: Int
  }

  private static func firstStep(in log: String) -> Int? {
    if log.contains("begins with initial parameters\n") { return 0 }
    guard let range = log.range(of: "resumes from step "),
      log[range.upperBound...].contains("\n")
    else { return nil }
    return Int(log[range.upperBound...].prefix { $0.isNumber })
  }
}
