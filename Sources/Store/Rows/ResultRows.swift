import Coordination
import Digests
import Foundation
import GRDB
import Trials
import Wire

/// Results as they were received: rows of `result`.
enum ResultRows {
  /// Inserts a result under the number of its record.
  ///
  /// - Throws: `DatabaseError` with a constraint's code when the trial has a result.
  static func insert(
    _ result: ReceivedResult, ofTrial number: Int, sequence: Int, in database: Database
  ) throws {
    var row = try RowInsertion("INSERT INTO result VALUES (?, ?, ?, ?, ?, NULL)", in: database)
    row.add(sequence)
    row.add(number)
    row.add(result.result.provenance.build)
    row.add(result.result.provenance.instructionSet)
    row.add(bytes: result.bytes)
    try row.insert()
  }

  /// Marks the result of a trial as discarded.
  ///
  /// - Parameter sequence: The number of the record that discards it.
  static func discard(ofTrial number: Int, sequence: Int, in database: Database) throws {
    try database.execute(
      sql: "UPDATE result SET discarded = ? WHERE trial = ? AND discarded IS NULL",
      arguments: [sequence, number])
    guard database.changesCount == 1 else {
      throw StoreError.refused(reason: "trial number \(number) has no result to discard")
    }
  }

  /// Reads the valid result of a trial from its row alone.
  ///
  /// - Throws: ``Damage`` when it cannot be read.
  static func fetch(of trial: TrialID, in database: Database) throws -> TrialResult? {
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT bytes FROM result
        WHERE trial = (SELECT number FROM trial WHERE id = ?) AND discarded IS NULL
        """, arguments: [trial.digits])
    guard let row = try rows.next() else { return nil }
    let bytes = try row.value(0) as Data
    do {
      return try ReceivedResult(serialised: [UInt8](bytes), planned: nil).result
    } catch {
      throw Damage("the result of trial \(trial) cannot be read: \(error)")
    }
  }

  /// The checksum of a result's bytes in the journal.
  static func checksum(of bytes: [UInt8]) -> Int64 {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.add($0) }
    return checksum.value
  }
}

/// Iterates over the stored results in journal order.
struct ResultReading {
  private let rows: StoredRows
  private let numbers: TrialNumbers
  /// The record number of the next row; nil after the last one.
  private var next: Int?
  /// The last reports of trials that others depend on, needed to resolve configurations.
  private(set) var reports: [TrialID: MilestoneReport]
  private let parents: Set<TrialID>

  /// Starts at the first result, or after those of an earlier reading.
  ///
  /// - Parameters:
  ///   - sequence: The number of the last record that was read.
  ///   - reports: The reports of the earlier reading.
  init(
    numbers: TrialNumbers, after sequence: Int = 0, reports: [TrialID: MilestoneReport] = [:],
    in database: Database
  ) throws {
    self.numbers = numbers
    self.reports = reports
    parents = numbers.parents
    rows = try StoredRows(
      database,
      sql: "SELECT sequence, trial, bytes FROM result WHERE sequence > ? ORDER BY sequence",
      arguments: [sequence])
    next = try rows.next() ? rows.int(0) : nil
  }

  /// Whether all results were taken.
  var isAtEnd: Bool { next == nil }

  /// Takes the result of a record.
  ///
  /// - Returns: The checksum of its bytes, and the decoded result; nil for trials that are not
  ///   planned.
  /// - Throws: ``Damage`` if it is missing, is another trial's, or cannot be read.
  mutating func take(
    sequence: Int, ofTrial number: Int
  ) throws -> (checksum: Int64, result: ReceivedResult?) {
    guard next == sequence, try rows.int(1) == number else {
      throw Damage("the result of journal record \(sequence) is missing")
    }
    let bytes = [UInt8](try rows.bytes(2))
    next = try rows.next() ? rows.int(0) : nil
    let checksum = ResultRows.checksum(of: bytes)
    guard let planned = try numbers.plannedTrial(ofNumber: number) else { return (checksum, nil) }
    do {
      let configuration = try? planned.configuration.resolved { reports[$0] }
      let result = try ReceivedResult(serialised: bytes, planned: configuration)
      if parents.contains(planned.id), let report = result.result.milestones.last {
        reports[planned.id] = report
      }
      return (checksum, result)
    } catch {
      throw Damage("the result of trial \(planned.id) cannot be read: \(error)")
    }
  }
}
