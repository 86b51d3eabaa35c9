import Coordination
import Foundation
import GRDB
import Synchronization
import Trials

/// Reads a sweep's store, while its coordinator runs or later.
///
/// Each method reads a consistent snapshot and neither waits for nor delays the writer. May be
/// called from any thread.
package final class SweepReader: Sendable {
  private let queue: DatabaseQueue
  let path: String
  private let cachedPlan: Mutex<StoredPlan?>
  /// The state of a file that was opened as one that nobody changes; else nil.
  private let fixedState: StoreFile.State?

  /// The plan as of a revision of the record.
  struct StoredPlan {
    var revision: Int
    var plan: SweepPlan
    var sweepText: String
    var numbers: TrialNumbers
  }

  /// Opens the store in a sweep's output directory.
  ///
  /// - Throws: ``StoreError`` if it is missing, damaged, foreign or newer.
  package static func open(directory: URL) throws(StoreError) -> SweepReader {
    let file = StoreFile(directory: directory)
    try file.migrate()
    return SweepReader(queue: try file.openForReading(), path: file.path)
  }

  /// A reader over an open file.
  ///
  /// - Parameter known: The plan, if it is already known.
  init(queue: DatabaseQueue, path: String, known: StoredPlan? = nil) {
    self.queue = queue
    self.path = path
    cachedPlan = Mutex(known)
    fixedState = queue.path == path ? nil : StoreFile(path: path).state
  }

  /// The sweep as planned.
  package func plan() throws(StoreError) -> SweepPlan {
    try read { database in try self.storedPlan(in: database).plan }
  }

  /// The text of the sweep file that the plan came from.
  package func sweepText() throws(StoreError) -> String {
    try read { database in try self.storedPlan(in: database).sweepText }
  }

  /// The journal with its times, about planned trials only.
  package func history() throws(StoreError) -> [StampedRecord] {
    try read { database in try self.history(in: database) }
  }

  /// The current state of the sweep, from which reports are made.
  package func results() throws(StoreError) -> SweepResults {
    try read { database in
      let plan = try self.storedPlan(in: database).plan
      return SweepResults(plan: plan, records: try self.history(in: database).map(\.record))
    }
  }

  /// The identity of the record.
  package func identity() throws(StoreError) -> String {
    try read { database in try PlanRows.identity(in: database) }
  }

  /// The results of planned trials that are not discarded, with their bytes, in the plan's order.
  package func receivedResults() throws(StoreError) -> [(trial: TrialID, result: ReceivedResult)] {
    var results: [TrialID: ReceivedResult] = [:]
    for stamped in try history() {
      switch stamped.record {
      case .resultRecorded(let trial, _, _, let result, _), .resultReused(let trial, _, let result):
        results[trial] = result
      case .resultDiscarded(let trial, _): results[trial] = nil
      default: break
      }
    }
    return try plan().trials.compactMap { trial in results[trial.id].map { (trial.id, $0) } }
  }

  /// Every attempt at a planned trial, in the order of their leases.
  package func attempts() throws(StoreError) -> [AttemptRecord] {
    var log = AttemptLog()
    for record in try history() { log.note(record) }
    return log.attempts
  }

  /// Every attempt at one trial, in the order of their leases; none if it was never planned.
  ///
  /// Reads only that trial's rows, without verifying checksums.
  package func attempts(of trial: String) throws(StoreError) -> [AttemptRecord] {
    try read { database in try JournalRows.fetchAttempts(of: trial, in: database) }
  }

  /// The current result of one trial; nil if it has none.
  ///
  /// Reads only that trial's row, without verifying its checksum.
  package func result(of trial: String) throws(StoreError) -> TrialResult? {
    guard let id = TrialID(trial) else { return nil }
    return try read { database in try ResultRows.fetch(of: id, in: database) }
  }

  /// Where the record was salvaged from; nil when it was not.
  package func salvage() throws(StoreError) -> SalvageNote? {
    try read { database in try SalvageNote.fetch(in: database) }
  }

  /// Errors in the file's structure as found by SQLite, at most twenty.
  package func integrityProblems() throws(StoreError) -> [String] {
    try read { database in
      try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
    }
  }

  private func history(in database: Database) throws -> [StampedRecord] {
    try JournalRows.fetch(numbers: storedPlan(in: database).numbers, in: database)
  }

  func storedPlan(in database: Database) throws -> StoredPlan {
    let revision = try PlanRows.revision(in: database)
    if let cached = cachedPlan.withLock({ $0 }), cached.revision == revision { return cached }
    let (plan, sweepText) = try PlanRows.fetch(in: database)
    let stored = StoredPlan(
      revision: revision, plan: plan, sweepText: sweepText,
      numbers: try TrialNumbers(of: plan, in: database))
    cachedPlan.withLock { $0 = stored }
    return stored
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    if let fixedState, StoreFile(path: path).state != fixedState {
      throw .inputOutput(
        path: path, reason: "a coordinator has written to it meanwhile: give the command again")
    }
    do {
      return try queue.read(body)
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
