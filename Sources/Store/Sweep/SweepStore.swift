import Coordination
import Files
import Foundation
import GRDB
import Synchronization
import Trials
import Wire

/// The durable record of one sweep, open for writing.
///
/// The coordinator's state is replayed from it, and a result is stored here before it is
/// acknowledged.
///
/// One process at a time may open a directory's store; any number of ``SweepReader``s may read it.
/// All methods block until the data is on disk and may be called from any thread.
package final class SweepStore: Sendable {
  /// The sweep as planned now.
  package let plan: SweepPlan
  /// How the plan differs from the one stored before; empty for a new store and an equal plan.
  package let change: PlanChange
  /// Whether the result log was missing and has been rewritten from the database.
  package let isLogRewritten: Bool

  let queue: DatabaseQueue
  let path: String
  let log: Mutex<OpenLog>
  private let lock: FileLock
  /// The record's files as they were opened.
  private let places: [FilePlace]
  let numbers: TrialNumbers

  /// The result log of the store's only writer.
  struct OpenLog: ~Copyable {
    var log: ResultLog
    /// Whether a commit has failed in an unknown state.
    var isUnsure = false
  }

  /// Opens a directory's store; creates directory and store if they are missing.
  ///
  /// If the sweep file was edited, the store is kept. Trials are named by their content, so results
  /// of planned trials stay and new trials are added. Records of trials that are no longer planned
  /// stay in the file but are not in journal and reports.
  ///
  /// - Parameters:
  ///   - directory: The sweep's output directory.
  ///   - plan: The sweep as planned now.
  ///   - sweepText: The text of the sweep file, kept for provenance.
  ///   - confirm: Called before anything is written if trials were added or orphaned; false leaves
  ///     the store unchanged.
  /// - Throws: ``StoreError`` if another process has the store, if it is damaged, foreign, newer or
  ///   of another sweep, if its result log lacks results of the database, or if the directory
  ///   cannot be used. No record is changed then.
  package static func open(
    directory: URL, plan: SweepPlan, sweepText: String,
    confirm: (PlanChange) -> Bool = { _ in true }
  ) throws(StoreError) -> SweepStore {
    let directoryPath = directory.path(percentEncoded: false)
    try makeFolder(directory)
    if let kind = FileSystemKind.networkKind(ofDirectory: directoryPath) {
      throw .networkFileSystem(path: directoryPath, kind: kind)
    }
    let lock = try takeLock(of: directory)
    let file = StoreFile(directory: directory)
    let isNew = !file.exists
    if isNew {
      try file.requireNoLog()
      try file.create { try PlanRows.store(plan, sweepText: sweepText, in: $0) }
    }
    let queue = try file.openForWriting()
    do {
      var opened = try StoreLog.open(of: queue, at: file.path)
      var offset: Int?
      let (change, numbers) = try queue.write { database in
        var change = PlanChange(keptCount: 0, added: [], orphaned: [])
        if !isNew {
          let isStored: Bool
          (change, isStored) = try adopt(
            plan, sweepText: sweepText, path: file.path, confirm: confirm, in: database)
          if isStored {
            offset = try LogRows.append(
              try LoggedPlan.entries(in: database), to: &opened.log, in: database)
          }
        }
        return (change, try TrialNumbers(of: plan, in: database))
      }
      if let offset { opened.log.commit(offset) }
      return SweepStore(
        plan: plan, change: change, queue: queue, path: file.path, opened: opened, lock: lock,
        numbers: numbers)
    } catch {
      throw StoreError(error, path: file.path)
    }
  }

  /// Creates a sweep's folder if it is missing, private to this user, and its parents.
  private static func makeFolder(_ directory: URL) throws(StoreError) {
    let path = directory.path(percentEncoded: false)
    let manager = FileManager.default
    do {
      try manager.createDirectory(
        at: directory.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw StoreError(FileError("make the directory", path, reportedAs: error))
    }
    guard mkdir(path, 0o700) != 0 else { return }
    let failure = FileError("make the directory", path)
    var isDirectory: ObjCBool = false
    let isThere = manager.fileExists(atPath: path, isDirectory: &isDirectory)
    guard isThere, isDirectory.boolValue else { throw StoreError(failure) }
  }

  static func takeLock(of directory: URL) throws(StoreError) -> FileLock {
    let file = directory.appending(path: "sweep.lock")
    do {
      if let lock = try FileLock.tryLock(file) { return lock }
    } catch {
      throw StoreError(error)
    }
    throw .locked(
      path: directory.path(percentEncoded: false), holder: FileLock.holder(of: file))
  }

  private init(
    plan: SweepPlan, change: PlanChange, queue: DatabaseQueue, path: String,
    opened: consuming StoreLog.Opened, lock: FileLock, numbers: TrialNumbers
  ) {
    self.plan = plan
    self.change = change
    self.queue = queue
    self.path = path
    isLogRewritten = opened.wasAbsent
    log = Mutex(OpenLog(log: opened.log))
    self.lock = lock
    places = [
      path, path + "-wal", path + "-shm", StoreLog.path(besideDatabase: path), lock.path,
    ].compactMap { FilePlace(of: $0) }
    self.numbers = numbers
  }

  /// Updates the stored plan; returns whether it had changed.
  private static func adopt(
    _ plan: SweepPlan, sweepText: String, path: String, confirm: (PlanChange) -> Bool,
    in database: Database
  ) throws -> (PlanChange, isStored: Bool) {
    try PlanRows.verify(in: database)
    let name = try PlanRows.name(in: database)
    guard name == plan.name else {
      throw StoreError.otherSweep(path: path, stored: name, given: plan.name)
    }
    if try PlanRows.matches(plan, sweepText: sweepText, in: database) {
      return (PlanChange(keptCount: plan.trials.count, added: [], orphaned: []), false)
    }
    let change = try PlanRows.change(to: plan, in: database)
    guard change.isEmpty || confirm(change) else { throw StoreError.planChangeDeclined(change) }
    try PlanRows.store(plan, sweepText: sweepText, in: database)
    return (change, true)
  }

  /// Stores records in one transaction (group commit); they are durable when it returns.
  ///
  /// Their results are written to the result log and synced before the transaction commits.
  ///
  /// - Parameters:
  ///   - records: The records in journal order. The schema refuses a second result of a trial and a
  ///     second image archive of a data set.
  ///   - time: The wall-clock time of the records.
  /// - Throws: ``StoreError``; none of the records is stored then. After a failure in an unknown
  ///   state the store accepts nothing until it is reopened.
  package func append(
    _ records: [JournalRecord], at time: Date = Date()
  ) throws(StoreError) {
    guard !records.isEmpty else { return }
    // Data in a deleted file would be acknowledged to workers but lost.
    try requireInPlace()
    let entries = LoggedRecords(records, milliseconds: JournalRows.milliseconds(of: time)).entries
    try log.withLock { (open) throws(StoreError) in
      guard !open.isUnsure else {
        throw .inputOutput(
          path: path,
          reason: "an earlier commit failed, so that nothing after it is sure; start the "
            + "coordinator again")
      }
      do {
        var offset: Int?
        try queue.write { database in
          try JournalRows.append(records, at: time, numbers: numbers, in: database)
          offset = try LogRows.append(entries, to: &open.log, in: database)
        }
        if let offset { open.log.commit(offset) }
      } catch {
        let failure = StoreError(error, path: path)
        switch failure {
        case .diskFull, .busy, .refused: break
        default: open.isUnsure = true
        }
        throw failure
      }
    }
  }

  /// Checks that the record's files are still where they were opened.
  ///
  /// - Throws: ``StoreError/displaced(path:)`` if the folder or a file was moved, deleted or
  ///   replaced.
  package func requireInPlace() throws(StoreError) {
    for place in places where !place.isTheSame { throw .displaced(path: place.path) }
  }

  /// The records to replay, in order: those about planned trials or about no trial.
  ///
  /// - Throws: ``StoreError/corrupted(path:found:)`` when a row contradicts its checksum.
  package func journal() throws(StoreError) -> [JournalRecord] {
    do {
      return try queue.read { database in
        try JournalRows.fetch(numbers: numbers, in: database).map(\.record)
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// The recorded result of a trial, planned or not; nil when it has none, or only discarded ones.
  ///
  /// - Throws: ``StoreError/corrupted(path:found:)`` if it cannot be read.
  package func result(of trial: TrialID) throws(StoreError) -> ReceivedResult? {
    do {
      return try queue.read { database in
        let bytes = try Data.fetchOne(
          database,
          sql: """
            SELECT bytes FROM result JOIN trial ON trial.number = result.trial
            WHERE trial.id = ? AND discarded IS NULL
            """, arguments: [trial.digits])
        return try bytes.map { try ReceivedResult(serialised: [UInt8]($0)) }
      }
    } catch let error as WireError {
      throw .corrupted(path: path, found: "the result of trial \(trial): \(error)")
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Complete trials that are no longer planned and have a last checkpoint, with their
  /// configurations.
  package func orphanedRuns() throws(StoreError) -> [(
    configuration: TrialConfiguration, run: OrphanedRun
  )] {
    do {
      return try queue.read { database in
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT trial.id, trial.configuration, journal.detail FROM result
            JOIN trial ON trial.number = result.trial
            JOIN journal ON journal.sequence = result.sequence
            WHERE trial.position IS NULL AND discarded IS NULL AND journal.detail IS NOT NULL
              AND journal.kind = ?
            """, arguments: [JournalRows.Kind.resultRecorded.rawValue])
        var runs: [(TrialConfiguration, OrphanedRun)] = []
        while let row = try rows.next() {
          guard let trial = TrialID(try row.value(0) as String) else { continue }
          let configuration: String = try row.value(1)
          let detail: String = try row.value(2)
          runs.append(
            (
              try CanonicalJSON.decode(
                TrialConfiguration.self, from: Data(configuration.utf8)),
              OrphanedRun(
                trial: trial,
                checkpoint: try CanonicalJSON.decode(
                  TrialCheckpoint.self, from: Data(detail.utf8)))
            ))
        }
        return runs
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// A reader of this store that shares the store's plan instead of reading it.
  ///
  /// - Throws: ``StoreError`` when the file cannot be opened a second time.
  package func reader() throws(StoreError) -> SweepReader {
    let reading = try StoreFile(path: path).openForReading()
    do {
      // Limits belong to a run and are in the journal, not in the plan.
      var recorded = plan
      recorded.limits = SweepLimits()
      let known = try queue.read { database in
        SweepReader.StoredPlan(
          revision: try PlanRows.revision(in: database), plan: recorded,
          sweepText: try PlanRows.sweepText(in: database), numbers: numbers)
      }
      return SweepReader(queue: reading, path: path, known: known)
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Identifies this record of a sweep: 16 random hexadecimal digits, drawn when it was created.
  ///
  /// Workers use it to distinguish the results of different records.
  package func identity() throws(StoreError) -> String {
    do {
      return try queue.read { try PlanRows.identity(in: $0) }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Closes the file and merges the write-ahead log into it.
  ///
  /// If it is not called, as after a crash, the next opening recovers the log. The store cannot be
  /// used afterwards. The directory's lock is released with the store.
  package func close() throws(StoreError) {
    do {
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
