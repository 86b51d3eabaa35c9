import Foundation

/// How many optimiser steps the trials' processes took, from what they leave in the caches of their
/// workers.
///
/// A process says in `log.txt` from which step it goes on and adds a row to `pace.csv` every
/// `sampling` steps, which is in the file from then on, whoever is killed. What it may have taken
/// after its last row counts as taken, so that the numbers are upper bounds. A folder that is gone
/// since it was last looked at was its trial's to the end, or dismissed; then the steps that fit
/// into the time since count too, up to the end of the trial.
struct ComputedSteps {
  /// One process of a trial.
  struct Run {
    /// Its place in the order in which they were first seen.
    var number: Int
    var trial: String
    var attempt: Int
    /// The step it went on from.
    var first: Int
    /// The step of its last row, and the seconds it took to there.
    var row: Int
    var seconds = 0.0
    /// Steps that it may have taken since.
    var slack: Int
    var lastLook: ContinuousClock.Instant
    var isGone = false

    var steps: Int { row + slack - first }
  }

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

  /// Steps of all processes together.
  var total: Int { runs.values.reduce(0) { $0 + $1.steps } }

  /// Steps that one process takes in a second, on average.
  var pace: Double {
    let rows = runs.values.filter { $0.seconds > 0 }
    let seconds = rows.reduce(0) { $0 + $1.seconds }
    return seconds > 0 ? Double(rows.reduce(0) { $0 + $1.row - $1.first }) / seconds : 0
  }

  /// Looks into the caches of workers.
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

  /// Whether a process of a cache has begun its trial, as of the last look, and has half of it or
  /// more to go.
  func isUnderWay(below cache: URL) -> Bool {
    runs.contains { path, run in
      path.hasPrefix(cache.path + "/") && !run.isGone && run.row <= length / 2
    }
  }

  /// Takes in that the processes of a cache have ended; what was last seen of them stands.
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
    // A row may be half written when it is read.
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
