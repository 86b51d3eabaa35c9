import Coordination
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

/// Records of an earlier format in which a member's result is false, as earlier builds accepted it.
@Suite("False results in stores of an earlier format")
struct FormerDefectTests {
  /// A change of the sound store, in SQL, and how the reason of the discard begins.
  struct Lie: Sendable, CustomTestStringConvertible {
    var sql: String
    var reason: String
    /// The trials of the result, and of those made from it, by number.
    var discarded = [3]

    var testDescription: String { sql }
  }

  private static let probabilities = String(repeating: "000000000000f87f", count: 3)

  /// Changes of the last trial's result.
  private static let changes: [(sql: String, reason: String)] = [
    ("milestone SET gates_open = -1", "300 batches: gates_open: found -1"),
    ("milestone SET gates_open = 5000", "300 batches: gates_open: found 5000"),
    ("milestone SET step = -5", "300 batches: step: found -5"),
    ("milestone SET step = 1000000000000", "300 batches: step: found 1000000000000"),
    ("milestone SET first_hit_step = -3", "300 batches: first_hit_step: found -3"),
    ("milestone SET mse = 1.7e308", "300 batches: mse: found 1.7e+308"),
    ("milestone SET mse = 9e999", "300 batches: mse: found inf"),
    ("milestone SET open_probabilities = x'\(probabilities)'", "300 batches: open_probabilities"),
    ("artifact SET bytes = -5", "found a number or a text outside"),
    ("artifact SET bytes = 4611686018427387904", "artifact bytes: found 4611686018427387904"),
    ("result SET steps = 1000000000000", "steps: found 1000000000000"),
    ("result SET seconds = 9e999", "seconds: found inf"),
    ("result SET tolerance = 9e999", "tolerance: found inf"),
    ("result SET tolerance = -9e999", "tolerance: found -inf"),
    ("result SET peak_resident_bytes = -1", "peak_resident_bytes: found -1"),
    ("result SET latents = 0", "300 batches: open_probabilities"),
    ("result SET latents = -1", ""),
    ("result SET host = printf('%.*c', 100000, 'h')", "host: found 100000 bytes"),
    ("result SET started = 'yesterday' || char(10) || '=1+1'", "started: found "),
    ("result SET versions = '{\"x\":\"' || printf('%.*c', 5000, 'v') || '\"}'", "version: found"),
    ("result SET configuration = '{\"seed\":1,\"seed\":2}'", "configuration: "),
  ]

  private static let others: [Lie] = [
    Lie(
      sql: "UPDATE milestone SET gates_open = 5000 WHERE trial = 1",
      reason: "200 batches: gates_open: found 5000", discarded: [1, 2]),
    Lie(
      sql: "UPDATE result SET tolerance = 9e999 WHERE trial = 1", reason: "tolerance: found inf",
      discarded: [1, 2]),
    Lie(
      sql: "UPDATE journal SET attempt = 1099511627776 WHERE sequence >= 7",
      reason: "journal record 8 is of attempt 1099511627776"),
    Lie(
      sql: "UPDATE journal SET attempt = -1 WHERE sequence >= 7",
      reason: "journal record 8 is of attempt -1"),
    Lie(
      sql: "UPDATE journal SET attempt = 4000000000 WHERE sequence = 8", reason: "journal record"),
  ]

  static let lies: [Lie] =
    changes.map { Lie(sql: "UPDATE \($0.sql) WHERE trial = 3", reason: $0.reason) } + others

  private let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// Copies the sound store and changes it, with the right checksums.
  private func take(_ sql: String) throws {
    let former = try #require(
      Bundle.module.url(forResource: "complete", withExtension: "sqlite", subdirectory: "Former"))
    try FileManager.default.copyItem(at: former, to: directory.database)
    let queue = try DatabaseQueue(path: directory.database.path)
    try queue.write { database in
      let sums = "SELECT checksum FROM result UNION ALL SELECT checksum FROM journal"
      let sound = try Int64.fetchAll(database, sql: sums)
      try Self.reseal(in: database)
      #expect(try Int64.fetchAll(database, sql: sums) == sound)
      try database.execute(sql: sql)
      try Self.reseal(in: database)
    }
    try queue.close()
  }

  /// Names of the trials, by number - 1.
  private func names() throws -> [TrialID] {
    let queue = try DatabaseQueue(path: directory.database.path)
    let names = try queue.read {
      try String.fetchAll($0, sql: "SELECT id FROM trial ORDER BY number")
    }
    try queue.close()
    return names.compactMap { TrialID($0) }
  }

  @Test("the false result is discarded with its reason, and the others stand", arguments: lies)
  func migrated(lie: Lie) throws {
    try take(lie.sql)
    let names = try names()
    let reader = try SweepReader.open(directory: directory.url)
    let results = try reader.results()
    #expect(results.trials.count == 3)
    for trial in results.trials {
      let number = try #require(names.firstIndex(of: trial.planned.id)) + 1
      if lie.discarded.contains(number) {
        #expect(trial.status == .waiting && trial.result == nil, "trial number \(number)")
        #expect(trial.discards.count == 1)
      } else {
        #expect(trial.status == .complete && trial.result?.defect == nil, "trial number \(number)")
      }
    }
    let reasons = try reader.history().compactMap { stamped -> String? in
      guard case .resultDiscarded(_, let reason) = stamped.record else { return nil }
      return reason
    }
    #expect(reasons.count == lie.discarded.count)
    let expected = "an earlier release recorded what cannot be this trial's result: \(lie.reason)"
    #expect(reasons.contains { $0.contains(expected) }, "\(reasons)")
    try expectLogWhole(in: directory)

    // It goes on: the trials are computed again.
    let plan = try reader.plan()
    let store = try SweepStore.open(
      directory: directory.url, plan: plan, sweepText: try reader.sweepText())
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    for record in try store.journal() { try coordinator.replay(record) }
    #expect(coordinator.counts.complete == 3 - lie.discarded.count)
    #expect(coordinator.counts.waiting == lie.discarded.count)
  }

  @Test("what stands in such a store can be salvaged too", arguments: [lies[1], lies[12]])
  func salvaged(lie: Lie) throws {
    try take(lie.sql)
    let source = try SalvageSource(directory: directory.url)
    let plan = try #require(source.plan).plan
    #expect(source.salvage(of: plan).records.count { $0.record.result != nil } == 2)
    #expect(!FileManager.default.fileExists(atPath: directory.logPath))
  }

  @Test("a time that no clock gives becomes that of the record before", arguments: [true, false])
  func times(isLate: Bool) throws {
    let time = isLate ? "9223372036854775807" : "(-9223372036854775807 - 1)"
    try take("UPDATE journal SET recorded_at_ms = \(time) WHERE sequence = 8")
    let history = try SweepReader.open(directory: directory.url).history()
    #expect(history.count == 8)
    #expect(history[7].time == history[6].time)
    let results = try SweepReader.open(directory: directory.url).results()
    #expect(results.trials.allSatisfy { $0.result != nil })
  }

  @Test(
    "a row of today's format with such a time or attempt is damage, named by its number",
    arguments: [
      ("recorded_at_ms = 9223372036854775807", "journal record 2: found the time"),
      ("attempt = 1099511627776", "journal record 2 is of attempt 1099511627776"),
    ])
  func today(change: String, found: String) throws {
    let plan = plan(tolerances: [1, 2])
    let store = try open(plan, in: directory)
    try store.append([lease(plan.trials[0]), lease(plan.trials[1])])
    try store.close()
    let queue = try DatabaseQueue(path: directory.database.path)
    try queue.write { database in
      try database.execute(sql: "UPDATE journal SET \(change) WHERE sequence = 2")
      try Self.resealJournal(in: database, results: [:])
    }
    try queue.close()
    let error = storeError { _ = try SweepReader.open(directory: directory.url).history() }
    guard case .corrupted(_, let damage) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(damage.hasPrefix(found), "\(damage)")
  }

  // MARK: - Checksums

  /// Gives every row the checksum of its content, as the former build did.
  private static func reseal(in database: Database) throws {
    var results: [Int: Int64] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT * FROM result") {
      let number: Int = row[0]
      let checksum = try checksum(of: row, in: database)
      try database.execute(
        sql: "UPDATE result SET checksum = ? WHERE trial = ?", arguments: [checksum, number])
      results[number] = checksum
    }
    try resealJournal(in: database, results: results)
  }

  private static func resealJournal(in database: Database, results: [Int: Int64]) throws {
    var names: [Int: TrialID] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT number, id FROM trial") {
      names[row[0] as Int] = TrialID(row[1] as String)
    }
    var previous: Int64 = 0
    for row in try Row.fetchAll(database, sql: "SELECT * FROM journal ORDER BY sequence") {
      let kind = try #require(JournalRows.Kind(rawValue: row[2]))
      let number: Int? = row[3]
      let worker: String? = row[5]
      let columns = JournalRows.Columns(
        kind: kind, trial: number.flatMap { names[$0] }, attempt: row[4],
        worker: worker.map(WorkerID.init), detail: row[6])
      previous = columns.checksum(
        sequence: row[0], milliseconds: row[1], previous: previous,
        result: kind.bringsResult ? number.flatMap { results[$0] } : nil)
      try database.execute(
        sql: "UPDATE journal SET checksum = ? WHERE sequence = ?",
        arguments: [previous, row[0] as Int])
    }
  }

  private static func checksum(of row: Row, in database: Database) throws -> Int64 {
    let number: Int = row[0]
    var sum = Checksum()
    sum.add(row[1] as String?)
    sum.add(row[2] as Double)
    sum.add(row[3] as Int64)
    (row[4] as Data).withUnsafeBytes { sum.add($0) }
    for column in 5...9 { sum.add(row[column] as String) }
    sum.add(row[10] as Double)
    sum.add(row[11] as Double)
    sum.add(row[12] as Int64)
    sum.add(row[13] as Double)
    sum.add(row[14] as Int64)
    func rows(_ table: String) throws -> [Row] {
      try Row.fetchAll(
        database, sql: "SELECT * FROM \(table) WHERE trial = ? ORDER BY position",
        arguments: [number])
    }
    for report in try rows("milestone") {
      sum.add(report[2] as String)
      sum.add(report[3] as Int64)
      sum.add(report[4] as Int64)
      sum.add(report[5] as Double)
      sum.add(report[6] as Double)
      sum.add(report[7] as Int?)
      sum.add(report[8] as Double)
      let bytes: Data = report[9]
      sum.add(Int64(bytes.count / 8))
      bytes.withUnsafeBytes { bytes in
        for index in 0..<bytes.count / 8 {
          let bits = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
          sum.add(Double(bitPattern: UInt64(littleEndian: bits)))
        }
      }
    }
    for artifact in try rows("artifact") {
      sum.add(artifact[2] as String)
      (artifact[3] as Data).withUnsafeBytes { sum.add($0) }
      sum.add(artifact[4] as Int64)
    }
    for resumption in try rows("resumption") {
      sum.add(resumption[2] as Int64)
      sum.add(resumption[3] as String)
      sum.add(resumption[4] as String)
    }
    return sum.value
  }
}
