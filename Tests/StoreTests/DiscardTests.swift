import Coordination
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

@Suite("Results that are discarded or reused")
struct DiscardTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10, 30])
  var trial: PlannedTrial { front.trials[0] }

  init() throws { directory = try TemporaryFolder() }

  private var discard: JournalRecord {
    .resultDiscarded(trial: trial.id, reason: "the host's memory is bad")
  }

  /// The entries of the log without plans and paddings.
  private func logged() throws -> [String] {
    try LogFindings(path: directory.logPath).entries.compactMap {
      switch $0 {
      case .result(let trial, let attempt, _, _, _): "result \(trial) \(attempt)"
      case .discard(let trial, _, _): "discard \(trial)"
      case .reuse(let trial, _, _, _): "reuse \(trial)"
      case .plan, .padding: nil
      }
    }
  }

  @Test("A discarded result stays in the record, and the trial accepts another one")
  func keptAside() throws {
    let store = try open(front, in: directory)
    let records = [
      lease(trial), recorded(trial), discard, lease(trial, attempt: 2),
      recorded(trial, attempt: 2, by: workerB),
    ]
    for (count, record) in records.enumerated() {
      try store.append([record])
      #expect((try store.result(of: trial.id) != nil) == [1, 4].contains(count))
      try expectLogWhole(in: directory, "record \(count)")
    }
    #expect(try store.journal() == records)
    let rows = try store.queue.read {
      try Row.fetchAll($0, sql: "SELECT sequence, discarded FROM result ORDER BY sequence")
    }
    #expect(rows.map { $0[0] as Int } == [2, 5])
    #expect(rows.map { $0[1] as Int? } == [3, nil])
    // A discard is written twice.
    #expect(
      try logged() == [
        "result \(trial.id) 1", "discard \(trial.id)", "discard \(trial.id)",
        "result \(trial.id) 2",
      ])
  }

  @Test("A trial has one valid result: a second one, or a discard without one, is refused")
  func oneResult() throws {
    let store = try open(front, in: directory)
    try store.append([recorded(trial), discard, recorded(trial, attempt: 2)])
    let journal = try store.journal()
    let bytes = try directory.logBytes
    for records in [
      [recorded(trial, attempt: 3)], [reused(trial)], [discard, discard],
      [.resultDiscarded(trial: front.trials[1].id, reason: "there is none")],
      [recorded(front.trials[1]), recorded(trial, attempt: 3)],
    ] {
      guard case .refused = storeError({ try store.append(records) }) else {
        Issue.record("\(records) were not refused")
        return
      }
      #expect(try store.journal() == journal)
      #expect(try directory.logBytes == bytes)
    }
    try store.append([recorded(front.trials[1])])
    try expectLogWhole(in: directory)
  }

  @Test("A reused result names its source, and can be discarded")
  func takenOver() throws {
    let store = try open(front, in: directory)
    try store.append([reused(trial), reused(front.trials[1])])
    try store.append([discard])
    #expect(try store.journal() == [reused(trial), reused(front.trials[1]), discard])
    let results = try SweepReader.open(directory: directory.url).results()
    #expect(results.trials.map(\.reusedFrom) == [nil, "runs/ältere", nil])
    #expect(results.trials.map(\.status) == [.waiting, .complete, .waiting])
    try expectLogWhole(in: directory)
  }

  @Test("A missing log is rewritten with valid and discarded results")
  func rewritten() throws {
    do {
      let store = try open(front, in: directory)
      try store.append([
        lease(trial), recorded(trial), discard, lease(trial, attempt: 2),
        recorded(trial, attempt: 2),
        reused(front.trials[1]), lease(front.trials[2]),
      ])
      #expect(!store.isLogRewritten)
      try store.close()
    }
    let before = try LogFindings(path: directory.logPath)
    try FileManager.default.removeItem(atPath: directory.logPath)
    let reader = try SweepReader.open(directory: directory.url)
    #expect(try reader.resultLogCheck().logProblems == ["is missing"])
    let store = try open(front, in: directory)
    #expect(store.isLogRewritten)
    #expect(try LogFindings(path: directory.logPath).entries == before.entries)
    try store.append([recorded(front.trials[2])])
    try expectLogWhole(in: directory)
  }

  @Test("A log without its database is not overwritten, nor one that has more than its database")
  func logIsKept() throws {
    do {
      let store = try open(front, in: directory)
      try store.append([lease(trial), recorded(trial)])
      try store.close()
    }
    let bytes = try directory.logBytes
    let database = try Data(contentsOf: directory.database)
    try FileManager.default.removeItem(at: directory.database)
    for body in [
      { _ = try open(front, in: directory) },
      { _ = try SweepReader.open(directory: directory.url) },
    ] {
      #expect(storeError(body) == .databaseMissing(log: directory.logPath))
    }
    #expect(try directory.logBytes == bytes)

    try database.write(to: directory.database)
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    try queue.write { try LogRows.commit(0, in: $0) }
    try queue.write {
      try $0.execute(sql: "DELETE FROM result; DELETE FROM journal WHERE sequence = 2")
    }
    try queue.close()
    guard case .corrupted = storeError({ _ = try open(front, in: directory) }) else {
      Issue.record("not refused")
      return
    }
    #expect(try directory.logBytes == bytes)
  }

  @Test("A damaged or outdated committed offset truncates nothing")
  func rottenOffset() throws {
    try open(front, in: directory).close()
    func inDatabase<Value>(_ body: (Database) throws -> Value) throws -> Value {
      let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
      defer { try? queue.close() }
      return try queue.write(body)
    }
    let old = try inDatabase { try Row.fetchOne($0, sql: "SELECT * FROM log") }
    do {
      let store = try open(front, in: directory)
      try store.append([lease(trial), recorded(trial)])
      try store.close()
    }
    let bytes = try directory.logBytes
    let database = try Data(contentsOf: directory.database)
    let row = try #require(old)
    for change in [
      "committed = committed - 500", "committed = 0",
      "committed = \(row[1] as Int), sequence = \(row[2] as Int), checksum = \(row[3] as Int64)",
    ] {
      try inDatabase { try $0.execute(sql: "UPDATE log SET \(change)") }
      guard case .corrupted = storeError({ _ = try open(front, in: directory) }) else {
        Issue.record("\(change) was not refused")
        return
      }
      #expect(try directory.logBytes == bytes)
      try database.write(to: directory.database)
    }
  }

  @Test("The log has the plan from the beginning, and again whenever it changes")
  func plans() throws {
    try open(front, in: directory).close()
    func plan() throws -> SweepPlan? {
      var reading = LoggedPlanReading()
      for case .plan(let bytes) in try LogFindings(path: directory.logPath).entries {
        reading.take(bytes)
      }
      #expect(!reading.isOpen)
      #expect(reading.whole?.sweepText == "name: front\n")
      return reading.whole?.plan
    }
    #expect(try plan() == front)
    let longer = StoreTests.plan(tolerances: [30, 3, 50, 10])
    try open(longer, in: directory).close()
    #expect(try plan() == longer)
    let count = try LogFindings(path: directory.logPath).entries.count
    #expect(count == 2)
    try open(longer, in: directory).close()
    #expect(try LogFindings(path: directory.logPath).entries.count == count)
    try expectLogWhole(in: directory)
  }
}
