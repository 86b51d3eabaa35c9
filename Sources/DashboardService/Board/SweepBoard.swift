import Coordination
import CoordinatorService
import Foundation
import Reports
import Store
import Trials

/// The state of one sweep, from which all pages are made.
///
/// ``SweepMonitor`` reads the record and passes new records to ``take(_:)``; a running coordinator's
/// answer adds live data. ``revision`` grows with every change of either.
struct SweepBoard: Sendable {
  /// How many facts are kept for pages; older ones are only in the record.
  static let factCountMaximum = 2000

  /// The state of the sweep according to the record; nil until the record could be opened.
  var follower: SweepFollower?
  /// Every trial, in the plan's order.
  private(set) var rows: [TrialRow] = []
  private(set) var counts = SweepStatus.Counts()
  /// By stage, in the plan's order.
  private(set) var stages: [SweepStatus.Stage] = []
  /// Trials that failed in the same way, largest group first.
  private(set) var failures: [SweepStatus.Failure] = []
  /// The last facts, oldest first.
  private(set) var facts: [Fact] = []
  /// The number of the last dropped fact; 0 if all are kept.
  private(set) var lastDropped = 0
  /// Core hours of the results.
  private(set) var coreHours = 0.0
  /// By trial, ``coreHours`` when its result came.
  private(set) var coreHoursAtResult: [TrialID: Double] = [:]
  /// Optimiser steps of the results.
  private(set) var stepCount = 0
  private(set) var names = TrialNames(of: [])
  /// The coordinator's own answer; nil while none runs or answers.
  private(set) var live: SweepStatus?
  /// When ``live`` was asked for last.
  private(set) var askedAt = Date.distantPast
  /// Why the record cannot be read; nil if it can.
  private(set) var problem: String?
  /// Why a running coordinator does not answer; nil if it does.
  private(set) var silence: String?
  /// When the last record was stored.
  private(set) var lastRecordTime: Date?
  /// Grows with every change.
  private(set) var revision = 0
  /// Grows with every change of the record alone.
  private(set) var recordRevision = 0
  /// Whether the record has been read to its end once.
  private(set) var isLoaded = false

  private var stageNumbers: [String: Int] = [:]

  /// The sweep's plan; empty until the record was read.
  var plan: SweepPlan { follower?.results.plan ?? Self.noPlan }

  private static let noPlan = SweepPlan(name: "", question: "", outputs: [], trials: [])

  /// The row of a trial; nil when it is not planned.
  func row(of trial: TrialID) -> TrialRow? {
    follower?.place(of: trial).map { rows[$0] }
  }

  /// Adds the outcome of a read of the record.
  mutating func take(_ news: RecordTail.News) {
    guard var follower else { return }
    // Moved out, so that its arrays have one owner and are changed in place.
    self.follower = nil
    defer { self.follower = follower }
    follower.take(news)
    show(news, follower)
  }

  /// This board with the live state of the one that it replaces.
  func replacing(_ former: SweepBoard) -> SweepBoard {
    var board = self
    (board.live, board.silence, board.askedAt) = (former.live, former.silence, former.askedAt)
    board.revision = max(revision, former.revision) + 1
    return board
  }

  private mutating func show(_ news: RecordTail.News, _ follower: SweepFollower) {
    if let plan = news.plan { begin(plan) }
    for stamped in news.records { note(stamped, follower) }
    if !news.records.isEmpty || news.plan != nil || problem != nil || (!news.hasMore && !isLoaded) {
      revision += 1
      recordRevision += 1
    }
    // The unreadable part may be behind records that are not read yet.
    if !news.hasMore { (problem, isLoaded) = (nil, true) }
  }

  /// Notes that the front was drawn again, so that pages fetch it.
  mutating func noteDrawing() { revision += 1 }

  /// Sets the coordinator's answer, nil if none runs, or why it does not answer.
  mutating func show(live: SweepStatus?, silence: String? = nil, at time: Date) {
    askedAt = time
    guard live != self.live || silence != self.silence else { return }
    self.live = live
    self.silence = silence
    revision += 1
  }

  /// Sets why the record cannot be read.
  mutating func show(problem: String) {
    guard problem != self.problem else { return }
    self.problem = problem
    revision += 1
  }

  private mutating func begin(_ plan: SweepPlan) {
    names = TrialNames(of: plan.trials)
    rows = plan.trials.enumerated().map { TrialRow($1, place: $0, name: names.name(of: $1)) }
    (counts, stages, failures, facts) = (.init(), [], [], [])
    lastDropped = 0
    (stageNumbers, coreHours, stepCount) = ([:], 0, 0)
    coreHoursAtResult = [:]
    isLoaded = false
    for row in rows {
      let number = stageNumbers[row.stage] ?? stages.count
      if number == stages.count {
        stageNumbers[row.stage] = number
        stages.append(SweepStatus.Stage(name: row.stage))
      }
      stages[number].counts.add(1, to: .waiting)
      counts.add(1, to: .waiting)
    }
  }

  private mutating func note(_ stamped: StampedRecord, _ follower: SweepFollower) {
    lastRecordTime = stamped.time
    let trial = stamped.record.trial
    let place = trial.flatMap { follower.place(of: $0) }
    if let fact = Fact(stamped, name: place.map { rows[$0].name }) {
      facts.append(fact)
      // Drop many at once, so that the rest is not moved with every record.
      if facts.count >= 2 * Self.factCountMaximum {
        let count = facts.count - Self.factCountMaximum
        lastDropped = facts[count - 1].sequence
        facts.removeFirst(count)
      }
    }
    switch stamped.record {
    case .resultRecorded(_, _, _, let result, _):
      coreHours += max(0, result.result.provenance.seconds) / 3600
      stepCount += max(0, result.result.provenance.steps)
      if let trial { coreHoursAtResult[trial] = coreHours }
    case .resultReused:
      if let trial { coreHoursAtResult[trial] = coreHours }
    case .stagePaused(let stage, let failure):
      if let number = stageNumbers[stage] { stages[number].paused = failure.words }
    case .stageResumed(let stage):
      if let number = stageNumbers[stage] { stages[number].paused = nil }
    default: break
    }
    guard let place else { return }
    let before = rows[place].status
    rows[place].show(follower.results.trials[place], sequence: stamped.sequence)
    let after = rows[place].status
    guard before != after else { return }
    counts.add(-1, to: before)
    counts.add(1, to: after)
    if let stage = stageNumbers[rows[place].stage] {
      stages[stage].counts.add(-1, to: before)
      stages[stage].counts.add(1, to: after)
    }
    if before == .failed || after == .failed { failures = [] }
  }

  /// Groups the failed trials by message without numbers, unless that was done since the last
  /// failure.
  mutating func groupFailures() {
    guard failures.isEmpty, counts.failed > 0, let results = follower?.results else { return }
    var numbers: [TrialFailure: Int] = [:]
    for (row, trial) in zip(rows, results.trials) where row.status == .failed {
      guard let failure = trial.failure else { continue }
      let kind = TrialFailure(
        cause: failure.cause, message: failure.message.filter { !$0.isNumber })
      if let number = numbers[kind] {
        failures[number].trials += 1
      } else if failures.count < Self.failureKindCountMaximum {
        numbers[kind] = failures.count
        failures.append(
          SweepStatus.Failure(
            cause: failure.cause.rawValue, trials: 1, example: row.trial,
            message: String(failure.words.prefix(400))))
      }
    }
    failures.sort { $0.trials > $1.trials }
  }

  private static let failureKindCountMaximum = 50
}

extension SweepStatus.Counts {
  /// Adds a difference to the count of a status.
  fileprivate mutating func add(_ difference: Int, to status: TrialStatus) {
    switch status {
    case .waiting: waiting += difference
    case .running: running += difference
    case .complete: complete += difference
    case .failed: failed += difference
    case .stopped: stopped += difference
    }
  }
}
