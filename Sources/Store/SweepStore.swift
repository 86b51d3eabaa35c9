import Coordination
import Files
import Foundation
import GRDB
import Trials

/// The durable record of one sweep, open for writing: what the coordinator's state is replayed
/// from and where a result is before anybody is told of it.
///
/// One process at a time has a directory's store; any number of ``SweepReader``s may read beside
/// it. All methods block until the disk has answered and may be called from any thread.
package final class SweepStore: Sendable {
  /// The sweep as planned now.
  package let plan: SweepPlan
  /// How the plan differs from the one stored before; empty for a new store and an equal plan.
  package let change: PlanChange

  let queue: DatabaseQueue
  let path: String
  private let lock: FileLock
  let numbers: TrialNumbers

  /// Opens a directory's store, and makes directory and store when they are missing.
  ///
  /// A sweep whose file was edited keeps its store: trials are named by their content, so results
  /// of trials that are still planned stay, new trials are added, and what is known of trials no
  /// longer planned stays in the file but out of journal and reports.
  ///
  /// - Parameters:
  ///   - directory: The sweep's output directory.
  ///   - plan: The sweep as planned now.
  ///   - sweepText: The text of the sweep file, kept for provenance.
  ///   - confirm: Asked, before anything is written, when trials were added or orphaned; false
  ///     leaves the store as it was.
  /// - Throws: ``StoreError`` when another process has the store, when it is damaged, foreign,
  ///   newer or of a sweep of another name, or when the directory cannot be used. Nothing is
  ///   changed then.
  package static func open(
    directory: URL, plan: SweepPlan, sweepText: String,
    confirm: (PlanChange) -> Bool = { _ in true }
  ) throws(StoreError) -> SweepStore {
    let directoryPath = directory.path(percentEncoded: false)
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw StoreError(FileError("make the directory", directoryPath, reportedAs: error))
    }
    if let kind = FileSystemKind.networkKind(ofDirectory: directoryPath) {
      throw .networkFileSystem(path: directoryPath, kind: kind)
    }
    let lock = try takeLock(of: directory)
    let file = StoreFile(directory: directory)
    let isNew = !file.exists
    if isNew {
      try file.create { try PlanRows.store(plan, sweepText: sweepText, in: $0) }
    }
    let queue = try file.openForWriting()
    do {
      let (change, numbers) = try queue.write { database in
        (
          isNew
            ? PlanChange(keptCount: 0, added: [], orphaned: [])
            : try adopt(
              plan, sweepText: sweepText, path: file.path, confirm: confirm, in: database),
          try TrialNumbers(of: plan, in: database)
        )
      }
      return SweepStore(
        plan: plan, change: change, queue: queue, path: file.path, lock: lock, numbers: numbers)
    } catch {
      throw StoreError(error, path: file.path)
    }
  }

  private static func takeLock(of directory: URL) throws(StoreError) -> FileLock {
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
    lock: FileLock, numbers: TrialNumbers
  ) {
    self.plan = plan
    self.change = change
    self.queue = queue
    self.path = path
    self.lock = lock
    self.numbers = numbers
  }

  private static func adopt(
    _ plan: SweepPlan, sweepText: String, path: String, confirm: (PlanChange) -> Bool,
    in database: Database
  ) throws -> PlanChange {
    try PlanRows.verify(in: database)
    let name = try PlanRows.name(in: database)
    guard name == plan.name else {
      throw StoreError.otherSweep(path: path, stored: name, given: plan.name)
    }
    if try PlanRows.matches(plan, sweepText: sweepText, in: database) {
      return PlanChange(keptCount: plan.trials.count, added: [], orphaned: [])
    }
    let change = try PlanRows.change(to: plan, in: database)
    guard change.isEmpty || confirm(change) else { throw StoreError.planChangeDeclined(change) }
    try PlanRows.store(plan, sweepText: sweepText, in: database)
    return change
  }

  /// Stores records, all or none, in one transaction; durable when it returns (group commit).
  ///
  /// - Parameters:
  ///   - records: In the order of the journal. A result of a trial that has one, or a second image
  ///     archive for a data set, is refused by the schema.
  ///   - time: The wall-clock time that the records are stamped with.
  /// - Throws: ``StoreError``; none of the records is stored then.
  package func append(
    _ records: [JournalRecord], at time: Date = Date()
  ) throws(StoreError) {
    guard !records.isEmpty else { return }
    do {
      try queue.write { database in
        try JournalRows.append(records, at: time, numbers: numbers, in: database)
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Every record about a planned trial or about no trial, in order: what to replay.
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

  /// A reader beside this store, which shares the plan that the store knows instead of reading it.
  ///
  /// - Throws: ``StoreError`` when the file cannot be opened a second time.
  package func reader() throws(StoreError) -> SweepReader {
    let reading = try StoreFile(path: path).openForReading()
    do {
      // Limits belong to a run: they are in the journal, not in the plan.
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

  /// Names this record of a sweep among all others: 16 hexadecimal digits, drawn when it was made.
  ///
  /// Workers tell results of one record from those of another by it.
  package func identity() throws(StoreError) -> String {
    do {
      return try queue.read { try PlanRows.identity(in: $0) }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Closes the file; the write-ahead log is folded into it.
  ///
  /// Without it, as after a crash, the next opening recovers the log. The store cannot be used
  /// afterwards; the directory is free once the store is released.
  package func close() throws(StoreError) {
    do {
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
  }
}
