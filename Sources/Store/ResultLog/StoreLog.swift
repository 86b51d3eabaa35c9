import Coordination
import Foundation
import GRDB
import Trials

/// Opens the result log of a store, or rewrites it from the database.
///
/// **The rule.** The database decides. A missing log is rewritten from it: when a store is created
/// or migrated, or when somebody moved a damaged log away. An existing log is replaced only if it
/// was never committed and holds nothing that the database lacks, as after a crash during
/// rewriting.
enum StoreLog {
  /// Approximate size of a group of entries.
  private static let groupByteCount = 8 << 20

  /// The path of a database's log.
  static func path(besideDatabase path: String) -> String {
    URL(filePath: path).deletingLastPathComponent().appending(path: ResultLog.fileName)
      .path(percentEncoded: false)
  }

  /// A log that was opened.
  struct Opened: ~Copyable {
    var log: ResultLog
    /// Whether a committed log was missing.
    let wasAbsent: Bool
  }

  /// Opens the log of a store, or rewrites it according to the rule.
  ///
  /// - Parameters:
  ///   - queue: The database, open for writing.
  ///   - databasePath: Its path.
  /// - Throws: ``StoreError`` or ``Damage`` if the log does not match the database, or if the
  ///   database it would be rewritten from is damaged.
  static func open(
    of queue: DatabaseQueue, at databasePath: String
  ) throws -> Opened {
    let path = path(besideDatabase: databasePath)
    let (identity, offset) = try queue.read {
      (try PlanRows.identity(in: $0), try LogRows.committedOffset(in: $0))
    }
    let isThere = FileManager.default.fileExists(atPath: path)
    if isThere, offset > 0 {
      return Opened(
        log: try ResultLog(path: path, identity: identity, committedOffset: offset),
        wasAbsent: false)
    }
    if isThere { try queue.read { try requireUncounted(path, identity: identity, in: $0) } }
    return Opened(
      log: try write(path, identity: identity, from: queue), wasAbsent: offset > 0)
  }

  /// Rewrites the log from the database after verifying its checksums; replaces an existing log.
  static func write(
    _ path: String, identity: String, from queue: DatabaseQueue
  ) throws -> ResultLog {
    try queue.read { database in
      try PlanRows.verify(in: database)
      try verifyJournal(in: database)
    }
    // The committed length is 0 until the new log is complete.
    try queue.write { try LogRows.commit(0, in: $0) }
    var log = try ResultLog.create(path: path, identity: identity)
    try queue.read { database in
      log.commit(try log.append(try LoggedPlan.entries(in: database)))
      try appendRecords(to: &log, from: database)
    }
    let offset = log.committedOffset
    try queue.write { try LogRows.commit(offset, in: $0) }
    // Checkpoint the committed length into the database file, so that it is known even without the
    // write-ahead log.
    try queue.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
    return log
  }

  /// Verifies the checksums of all journal rows and results.
  private static func verifyJournal(in database: Database) throws {
    // With an empty plan nothing is decoded.
    let nothing = SweepPlan(name: "", question: "", outputs: [], trials: [])
    _ = try JournalRows.fetch(numbers: try TrialNumbers(of: nothing, in: database), in: database)
  }

  private static func appendRecords(to log: inout ResultLog, from database: Database) throws {
    let rows = try StoredRows(
      database,
      sql: """
        SELECT kind, trial.id, attempt, worker, recorded_at_ms, detail, bytes FROM journal
        JOIN trial ON trial.number = journal.trial
        LEFT JOIN result ON result.sequence = journal.sequence
        WHERE kind IN ('result-recorded', 'result-reused', 'result-discarded')
        ORDER BY journal.sequence
        """)
    var records = LoggedRecords()
    var byteCount = 0
    while try rows.next() {
      let entry = try entry(rows)
      if byteCount >= groupByteCount {
        log.commit(try log.append(records.take()))
        byteCount = 0
      }
      if case .discard = entry {} else { byteCount += try rows.bytes(6).count }
      records.add(entry)
    }
    records.finish()
    log.commit(try log.append(records.take()))
  }

  private static func entry(_ rows: StoredRows) throws -> ResultLogEntry {
    let milliseconds = Int64(try rows.int(4))
    guard let trial = TrialID(utf8: try rows.utf8(1)) else {
      throw Damage("found the trial name \"\(try rows.text(1))\"")
    }
    switch JournalRows.Kind(rawValue: try rows.text(0)) {
    case .resultRecorded:
      return .result(
        trial: trial, attempt: try rows.int(2), worker: WorkerID(try rows.text(3)),
        milliseconds: milliseconds, content: Array(try rows.bytes(6)))
    case .resultReused:
      return .reuse(
        trial: trial, milliseconds: milliseconds, origin: try rows.text(5),
        content: Array(try rows.bytes(6)))
    default:
      return .discard(
        trial: trial, milliseconds: milliseconds,
        reason: try JournalRows.reason(in: try rows.text(5)))
    }
  }

  /// Refuses to replace a log that is another record's or holds a result that the database lacks.
  private static func requireUncounted(
    _ path: String, identity: String, in database: Database
  ) throws {
    var reader = try ResultLogReader(path: path)
    var isUncounted = reader.identity == identity
    while isUncounted, let finding = reader.next() {
      let (trial, content): (TrialID, [UInt8])
      switch finding {
      case .entry(.result(let id, _, _, _, let bytes), _): (trial, content) = (id, bytes)
      case .entry(.reuse(let id, _, _, let bytes), _): (trial, content) = (id, bytes)
      default: continue
      }
      isUncounted =
        try Bool.fetchOne(
          database,
          sql: """
            SELECT EXISTS (SELECT 1 FROM result JOIN trial ON trial.number = result.trial
            WHERE id = ? AND bytes = ?)
            """, arguments: [trial.digits, Data(content)]) ?? false
    }
    guard isUncounted else {
      throw StoreError.corrupted(
        path: path,
        found: "the database counts on no log, and this one has results that it lacks or is "
          + "another record's; `coordinator check DIR --salvage NEW` makes a new folder of all "
          + "that can be proved")
    }
  }
}
