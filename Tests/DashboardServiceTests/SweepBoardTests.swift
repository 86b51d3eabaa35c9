import Coordination
import CoordinatorService
import Digests
import Foundation
import Store
import TestSupport
import Testing
import Trials
import Wire

@testable import DashboardService

@Suite("The state of a sweep that pages show")
struct SweepBoardTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func plan(_ count: Int) -> SweepPlan {
    SweepPlan(
      name: "large", question: "q", outputs: [],
      trials: (0..<count).map { index in
        var configuration = Samples.configuration
        configuration.tolerance = .value(Double(index) + 0.5)
        return PlannedTrial(stage: "narrow", replicate: 0, configuration: configuration)
      })
  }

  private func store(_ plan: SweepPlan, at url: URL) throws -> SweepStore {
    try SweepStore.open(directory: url, plan: plan, sweepText: "sweep: large\n") { _ in true }
  }

  private func board(_ url: URL) throws -> SweepBoard { try follow(url).board }

  /// A board that has read the record, and the position in the record up to which it has read.
  private func follow(_ url: URL) throws -> (board: SweepBoard, tail: RecordTail) {
    let follower = try SweepFollower(directory: url)
    var (board, tail) = (SweepBoard(), follower.start)
    board.follower = follower
    try board.read(&tail)
    return (board, tail)
  }

  private let worker = WorkerID("worker-a")

  private func result(_ trial: PlannedTrial) -> JournalRecord {
    var result = Samples.result
    result.provenance.configuration = trial.configuration
    if case .value(let tolerance) = trial.configuration.tolerance {
      // About what a front looks like: the looser the tolerance, the fewer gates stay open.
      result.milestones[0].mse = tolerance * (1 + Double(Int(tolerance) * 7919 % 100) / 1000)
      result.milestones[0].gatesOpen = max(0, 64 - Int(tolerance) % 60)
    }
    return .resultRecorded(
      trial: trial.id, attempt: 1, worker: worker, result: ReceivedResult(result))
  }

  @Test("A sweep without records and a sweep whose only trial failed have pages")
  func extremes() throws {
    let one = plan(1)
    let store = try store(one, at: folder.url)
    var empty = try board(folder.url)
    #expect(empty.counts == SweepStatus.Counts(waiting: 1))
    #expect(empty.isLoaded)
    let drawn = SweepMonitor.Drawings()
    let summary = SweepSummary(
      of: &empty, index: 0, folder: folder.url, drawn: drawn, allowsControl: false)
    #expect(summary.state == "stopped")
    #expect(summary.failures.isEmpty)
    let trial = one.trials[0]
    let failure = TrialFailure(cause: .notANumber, message: "the loss is NaN at step 7")
    try store.append([
      .trialLeased(trial: trial.id, attempt: 1, worker: worker),
      .attemptEnded(trial: trial.id, attempt: 1, failure: failure),
      .trialFailed(trial: trial.id, failure: failure),
    ])
    var failed = try board(folder.url)
    let told = SweepSummary(
      of: &failed, index: 0, folder: folder.url, drawn: drawn, allowsControl: false)
    #expect(told.state == "ended")
    #expect(told.counts == SweepStatus.Counts(failed: 1))
    #expect(told.failures.map(\.trials) == [1])
    #expect(told.facts.first?.mark == "bad")
    let detail = try #require(TrialDetail(of: trial.id, on: failed, in: folder.url))
    #expect(detail.attempts.map(\.outcome) == ["not-a-number"])
    #expect(detail.row.cause == "not-a-number")
    #expect(detail.command == "worker trial \(trial.id).json --out again-\(trial.id)")
  }

  @Test("The command that reproduces a trial is quoted for a shell")
  func reproduction() throws {
    let plan = plan(1)
    let store = try store(plan, at: folder.url)
    let trial = plan.trials[0]
    try store.append([
      .trialLeased(trial: trial.id, attempt: 1, worker: worker), result(trial),
    ])
    let board = try board(folder.url)
    for (path, word) in [
      ("/runs/f3", "/runs/f3"), ("/my runs/$(x)", "'/my runs/$(x)'"), ("/it's", #"'/it'\''s'"#),
    ] {
      let detail = try #require(TrialDetail(of: trial.id, on: board, in: URL(filePath: path)))
      #expect(detail.command == "coordinator reproduce \(word) \(trial.id)")
    }
  }

  @Test("Intervals between reads grow with failed reads, up to a limit")
  func rests() {
    let rests = (0...20).map { SweepMonitor.rest(after: $0, took: 0.01) }
    #expect(Array(rests.prefix(4)) == [1, 2, 4, 8])
    #expect(rests.last == 60)
    #expect(SweepMonitor.rest(after: 1, took: 9) == 90)
  }

  @Test(
    "Failures that differ only in numbers are one group, and a retry removes a trial from its group"
  )
  func failures() throws {
    let plan = plan(3)
    let store = try store(plan, at: folder.url)
    try store.append(
      plan.trials.enumerated().flatMap { index, trial -> [JournalRecord] in
        let failure = TrialFailure(
          cause: .exitCode, message: index == 2 ? "no memory" : "exit code at step \(index)")
        return [
          .trialLeased(trial: trial.id, attempt: 1, worker: worker),
          .attemptEnded(trial: trial.id, attempt: 1, failure: failure),
          .trialFailed(trial: trial.id, failure: failure),
        ]
      })
    var (board, tail) = try follow(folder.url)
    board.groupFailures()
    #expect(board.failures.map(\.trials) == [2, 1])
    try store.append([.trialRetried(trial: plan.trials[2].id)])
    try board.read(&tail)
    board.groupFailures()
    #expect(board.failures.map(\.trials) == [2])
    #expect(board.counts == SweepStatus.Counts(waiting: 1, failed: 2))
  }

  @Test("The number of facts is bounded, and a page knows whether facts are missing")
  func facts() throws {
    let plan = plan(3 * SweepBoard.factCountMaximum)
    let store = try store(plan, at: folder.url)
    try store.append(
      plan.trials.map { .trialLeased(trial: $0.id, attempt: 1, worker: worker) })
    let board = try board(folder.url)
    #expect(board.facts.count < 2 * SweepBoard.factCountMaximum)
    #expect(board.facts.last?.sequence == plan.trials.count)
    #expect(FactPage(of: board, after: 1).isCut)
    let last = FactPage(of: board, after: plan.trials.count - 5)
    #expect(last.facts.count == 5 && !last.isCut)
  }

  @Test("A hostile sweep name is escaped in metrics")
  func metrics() throws {
    var hostile = plan(1)
    hostile.name = "a\"} 1\nevil 2 \\"
    _ = try store(hostile, at: folder.url)
    let monitor = try SweepMonitor(folder.url)
    try monitor.read { board in
      guard var tail = board.follower?.start else { return }
      try board.read(&tail)
    }
    let text = MetricsText(of: [monitor]).text
    #expect(text.contains("sweep=\"a\\\"} 1\u{FFFD}evil 2 \\\\\""))
    #expect(!text.contains("\nevil"))
  }

  /// Prints times, asserts none: they are the machine's.
  ///
  /// `BOTTLENECKSWEEP_TRIALS` sets the size, `BOTTLENECKSWEEP_STORE` a folder in which the store stays.
  @Test("Every page of a large sweep is complete")
  func large() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["BOTTLENECKSWEEP_TRIALS"].flatMap { Int($0) } ?? 2000
    let url = environment["BOTTLENECKSWEEP_STORE"].map { URL(filePath: $0) } ?? folder.url
    let plan = plan(count)
    let store = try store(plan, at: url)
    for start in stride(from: 0, to: count - 10, by: 500) {
      let group = plan.trials[start..<min(start + 500, count - 10)]
      try store.append(
        group.map { .trialLeased(trial: $0.id, attempt: 1, worker: worker) } + group.map(result))
    }
    try store.close()
    let clock = ContinuousClock()
    var found: SweepBoard?
    let loading = try clock.measure { found = try self.board(url) }
    var board = try #require(found)
    #expect(board.counts == SweepStatus.Counts(waiting: 10, complete: count - 10))
    var query = TrialQuery()
    query.column = .tolerance
    query.isDescending = true
    query.words = ["narrow"]
    var page: TrialQuery.Page?
    let asking = clock.measure { page = query.page(of: board.rows) }
    #expect(page?.matching == count)
    #expect(page?.rows.first?.tolerance == Double(count) - 0.5)
    let summing = clock.measure {
      _ = SweepSummary(
        of: &board, index: 0, folder: url, drawn: SweepMonitor.Drawings(), allowsControl: false)
    }
    print("dashboard: \(count) trials, load \(loading), page \(asking), summary \(summing)")
  }
}

extension SweepBoard {
  /// Reads a record from a position to its end, and adds the new records to the board.
  fileprivate mutating func read(_ tail: inout RecordTail) throws {
    var hasMore = true
    while hasMore {
      let news = try tail.look()
      take(news)
      hasMore = news.hasMore
    }
  }
}
