import Files
import Foundation
import GRDB

/// The SQLite file of a store: creates, recognises and opens it.
///
/// The file is opened only through SQLite. Opening and closing it otherwise would release the POSIX
/// locks of every connection of this process.
struct StoreFile {
  /// The file's path.
  let path: String

  /// The store of a sweep's directory.
  init(directory: URL) {
    path = directory.appending(path: "sweep.sqlite").path(percentEncoded: false)
  }

  /// The store at a path.
  init(path: String) { self.path = path }

  /// Whether the file exists.
  var exists: Bool { FileManager.default.fileExists(atPath: path) }

  /// Throws if there is a result log without its database.
  func requireNoLog() throws(StoreError) {
    let log = StoreLog.path(besideDatabase: path)
    if FileManager.default.fileExists(atPath: log) { throw .databaseMissing(log: log) }
  }

  /// Creates the file atomically: writes it under a temporary name, syncs and renames it.
  ///
  /// - Parameter fill: Fills the new tables.
  /// - Throws: ``StoreError``; also if the write-ahead log of a deleted store exists, since SQLite
  ///   would apply it to the new one.
  func create(fill: (Database) throws -> Void) throws(StoreError) {
    let log = path + "-wal"
    guard !FileManager.default.fileExists(atPath: log) else {
      throw .corrupted(path: path, found: "\(log) is there, but not the database it belongs to")
    }
    let aside = path + ".new"
    do {
      for leftover in [aside, aside + "-journal", aside + "-wal", aside + "-shm"]
      where FileManager.default.fileExists(atPath: leftover) {
        try FileManager.default.removeItem(atPath: leftover)
      }
      // Create it private, so that no other user can open it. SQLite's files beside it get the same
      // permissions.
      try createPrivate(aside)
      var configuration = Configuration()
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let queue = try DatabaseQueue(path: aside, configuration: configuration)
      try queue.write { database in
        try StoreSchema.create(in: database)
        try fill(database)
      }
      // Switch before renaming. A crash during the change would leave a rollback journal, which a
      // read-only connection cannot roll back.
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
    try OpenFile<StoreError>.commit(aside, as: path)
  }

  private func createPrivate(_ path: String) throws(StoreError) {
    _ = try OpenFile<StoreError>(path, flags: O_RDWR | O_CREAT | O_EXCL, permissions: 0o600)
  }

  /// Removes other users' access to the files of a store of an earlier release, since read access
  /// allows locking.
  private func makePrivate() {
    for name in [path, path + "-wal", path + "-shm"] { chmod(name, 0o600) }
  }

  /// Opens the file for its only writer, with a write-ahead log and synced commits.
  ///
  /// - Throws: ``StoreError`` if it is not a store or has a newer format.
  func openForWriting() throws(StoreError) -> DatabaseQueue {
    makePrivate()
    // Check with a read-only connection first, so that a foreign database is not changed.
    do {
      try openForReading().close()
    } catch {
      throw StoreError(error, path: path)
    }
    var configuration = Configuration()
    configuration.label = "sweep store"
    // A short timeout: the caller retries and handles requests in between.
    configuration.busyMode = .timeout(1)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
      guard mode == "wal" else {
        throw StoreError.inputOutput(
          path: path, reason: "SQLite's write-ahead log cannot be used in this directory")
      }
    }
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.write { try StoreMigration.perform(in: $0) }
      return queue
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Migrates a store of an earlier format, so that it can be read.
  ///
  /// - Throws: ``StoreError/locked(path:holder:)`` if an earlier release runs the sweep.
  func migrate() throws(StoreError) {
    let queue = try openForReading()
    do {
      let version = try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
      try queue.close()
      guard version < StoreSchema.formatVersion else { return }
    } catch {
      throw StoreError(error, path: path)
    }
    let directory = URL(filePath: path).deletingLastPathComponent()
    let lock = try SweepStore.takeLock(of: directory)
    defer { withExtendedLifetime(lock) {} }
    do {
      let queue = try openForWriting()
      _ = try StoreLog.open(of: queue, at: path)
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Opens the file for reading, with or without a writer.
  ///
  /// SQLite writes a file beside the database even to read it. Where it cannot, on a read-only or a
  /// full disk, a database without a write-ahead log is read as it is.
  ///
  /// - Throws: ``StoreError`` if it is missing, not a store, or of a newer format.
  func openForReading() throws(StoreError) -> DatabaseQueue {
    guard exists else {
      try requireNoLog()
      throw .missing(path: path)
    }
    try requireFiles()
    guard access(path, R_OK) == 0 else {
      throw .inputOutput(
        path: path,
        reason: "may not be read by this user: a sweep's record is its owner's alone; its reports, "
          + "such as trials.csv, may be shared")
    }
    guard byteCount > 0 else { throw .corrupted(path: path, found: "the file is empty") }
    do throws(StoreError) {
      return try openForReading(path)
    } catch {
      switch error {
      case .readOnly, .diskFull, .inputOutput: break
      default: throw error
      }
      if Self.byteCount(of: path + "-wal") == 0, let name = unchangingName,
        let queue = try? openForReading(name)
      {
        return queue
      }
      guard case .diskFull = error else { throw error }
      throw .inputOutput(
        path: path,
        reason: "the disk is full, and SQLite writes beside the record to read it: make room, or "
          + "copy the folder to another disk and give the copy")
    }
  }

  /// Opens the file under a name of SQLite's, see ``unchangingName``.
  func openForReading(_ name: String) throws(StoreError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = "sweep reader"
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    do {
      return try identified(DatabaseQueue(path: name, configuration: configuration))
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// SQLite's name of the file as one that nobody changes, which needs no files beside it.
  var unchangingName: String? {
    let absolute = URL(filePath: path).path
    return absolute.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed).map {
      "file:\($0)?immutable=1"
    }
  }

  /// Throws if something other than a file, such as a pipe, is in the place of the database or of a
  /// file beside it; SQLite would wait for the pipe.
  private func requireFiles() throws(StoreError) {
    for name in [path, path + "-wal", path + "-shm", path + "-journal"] {
      guard let found = FileError.unusual(at: name) else { continue }
      throw .foreign(path: name, found: found)
    }
  }

  /// What changes when a coordinator writes; the C function is `stat`.
  struct State: Equatable {
    /// Bytes of the database and of its write-ahead log.
    var byteCounts: [Int]
    /// When the database was last changed, in seconds and nanoseconds.
    var time: [Int]
  }

  /// The state now.
  var state: State {
    var status = stat()
    let isThere = stat(path, &status) == 0
    return State(
      byteCounts: [byteCount, Self.byteCount(of: path + "-wal")],
      time: isThere ? [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] : [])
  }

  private var byteCount: Int { Self.byteCount(of: path) }

  private static func byteCount(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  private func identified(_ queue: DatabaseQueue) throws(StoreError) -> DatabaseQueue {
    do {
      try queue.read { database in
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id")
        guard application == StoreSchema.applicationID else {
          throw StoreError.foreign(path: path, found: "another program's SQLite database")
        }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= StoreSchema.formatVersion else {
          throw StoreError.newerFormat(
            path: path, found: version, supported: StoreSchema.formatVersion)
        }
        // Read the schema now, so that a truncated file is detected early.
        _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM plan")
      }
    } catch {
      throw StoreError(error, path: path)
    }
    return queue
  }
}
