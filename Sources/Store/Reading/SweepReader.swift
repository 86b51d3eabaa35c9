import Coordination
import Foundation
import GRDB
import Synchronization
import Trials

/// A reader of a sweep's store, beside its coordinator or after it.
///
/// Each method answers from one consistent moment of the store and never waits for, nor delays,
/// the writer. May be called from any thread.
package final class SweepReader: Sendable {
  private let queue: DatabaseQueue
  let path: String
  private let cachedPlan: Mutex<StoredPlan?>

  /// The plan as of a revision of the record.
  struct StoredPlan {
    var revision: Int
    var plan: SweepPlan
    var sweepText: String
    var numbers: TrialNumbers
  }

  /// Opens the store in a sweep's output directory.
  ///
  /// - Throws: ``StoreError`` when there is none, or it is damaged, foreign or newer.
  package static func open(directory: URL) throws(StoreError) -> SweepReader {
    let file = StoreFile(directory: directory)
    try file.migrate()
    return SweepReader(queue: try file.openForReading(), path: file.path)
  }

  /// A reader over an open file.
  ///
  /// - Parameter known: The plan, where it need not be read.
  init(queue: DatabaseQueue, path: String, known: StoredPlan? = nil) {
    self.queue = queue
    self.path = path
    cachedPlan = Mutex(known)
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

  /// All that is known of the sweep at this moment; what reports are made from.
  package func results() throws(StoreError) -> SweepResults {
    try read { database in
      let plan = try self.storedPlan(in: database).plan
      return SweepResults(plan: plan, records: try self.history(in: database).map(\.record))
    }
  }

  /// Names the record among all others.
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

  /// Every attempt at a planned trial, in the order in which they were handed out.
  package func attempts() throws(StoreError) -> [AttemptRecord] {
    var log = AttemptLog()
    for record in try history() { log.note(record) }
    return log.attempts
  }

  /// Every attempt at one trial, in the order in which they were handed out; none if it was never
  /// planned.
  ///
  /// Reads that trial's rows alone, without holding them against their checksums.
  package func attempts(of trial: String) throws(StoreError) -> [AttemptRecord] {
    try read { database in try JournalRows.fetchAttempts(of: trial, in: database) }
  }

  /// The result of one trial, as it stands now; nil while it has none.
  ///
  /// Reads that trial's row alone, without holding it against its checksum.
  package func result(of trial: String) throws(StoreError) -> TrialResult? {
    guard let id = TrialID(trial) else { return nil }
    return try read { database in try ResultRows.fetch(of: id, in: database) }
  }

  /// Where the record was salvaged from; nil when it was not.
  package func salvage() throws(StoreError) -> SalvageNote? {
    try read { database in try SalvageNote.fetch(in: database) }
  }

  /// What SQLite finds wrong with the file's structure, at most twenty things.
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
    do {
      return try queue.read(body)
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
