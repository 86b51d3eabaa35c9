import CoordinatorService
import Foundation
import Reports
import Store
import Trials

/// A sweep as its page shows it; JSON keys are in snake case.
struct SweepSummary: Encodable, Sendable {
  /// The front; its drawing is fetched separately.
  struct Front: Encodable, Sendable {
    var onFront: Int
    var withResult: Int
    /// The revision of the drawing.
    var revision: Int
  }

  var index: Int
  var sweep: String
  var question: String
  var folder: String
  /// `running` while a coordinator answers, `ended` when every trial has ended, `silent` when one is
  /// there and does not answer, else `stopped`.
  var state: String
  /// Whether the record has been read completely.
  var isLoaded: Bool
  var revision: Int
  /// The number of the last record.
  var sequence: Int
  /// When the last record was stored.
  var lastRecord: Date?
  var counts: SweepStatus.Counts
  var stages: [SweepStatus.Stage]
  var failures: [SweepStatus.Failure]
  var running: [SweepStatus.Running]
  var workers: [SweepStatus.Worker]
  var hosts: [SweepStatus.Host]
  var forecast: SweepStatus.Forecast?
  /// What blocks the sweep or reading its record.
  var obstacles: [String]
  var coreHours: Double
  var stepsPerSecond: Double
  var front: Front
  /// The last facts, newest first.
  var facts: [Fact]
  /// Whether its page may cancel trials and so on.
  var allowsControl: Bool
  /// Whether Table I has rows.
  var hasTable1: Bool

  /// The most facts, running trials and workers that one summary has.
  private static let (factCount, runningCount, workerCount) = (12, 64, 256)

  init(
    of board: inout SweepBoard, index: Int, folder: URL, drawn: SweepMonitor.Drawings,
    allowsControl: Bool
  ) {
    board.groupFailures()
    let live = board.live
    let counts = board.counts
    self.index = index
    sweep = board.plan.name
    question = board.plan.question
    self.folder = folder.relativePath
    state =
      live != nil
      ? "running"
      : board.silence != nil
        ? "silent" : counts.waiting + counts.running == 0 && counts.total > 0 ? "ended" : "stopped"
    isLoaded = board.isLoaded
    revision = board.revision
    sequence = board.follower?.sequence ?? 0
    lastRecord = board.lastRecordTime
    self.counts = counts
    stages = board.stages
    failures = board.failures
    running = Array((live?.running ?? []).prefix(Self.runningCount))
    workers = Array((live?.workers ?? []).prefix(Self.workerCount))
    hosts = Array((live?.hosts ?? []).prefix(Self.workerCount))
    forecast = live?.forecast
    obstacles =
      [board.problem, board.silence, live?.obstacle].compactMap { $0 } + (live?.losses ?? [])
    coreHours = board.coreHours
    stepsPerSecond = (live?.running ?? []).reduce(0) { $0 + ($1.stepsPerSecond ?? 0) }
    front = Front(
      onFront: drawn.front?.onFront ?? 0, withResult: drawn.front?.withResult ?? 0,
      revision: drawn.revision)
    facts = board.facts.suffix(Self.factCount).reversed()
    self.allowsControl = allowsControl
    hasTable1 = drawn.front?.table1 != nil
  }
}
