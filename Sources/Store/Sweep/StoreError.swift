import Files
import Foundation
import GRDB
import Trials

/// Why a sweep's store cannot be opened, written or read.
package enum StoreError: Error, Equatable, Sendable {
  /// There is no store in the directory.
  case missing(path: String)
  /// The directory has the result log of a sweep, but no database.
  case databaseMissing(log: String)
  /// Another coordinator writes to the directory.
  case locked(path: String, holder: String)
  /// The directory is on a network file system, where SQLite's locks are unreliable.
  case networkFileSystem(path: String, kind: String)
  /// The file is not a store: it has other content or is another program's database.
  case foreign(path: String, found: String)
  /// A newer release wrote the file.
  case newerFormat(path: String, found: Int, supported: Int)
  /// The store belongs to another sweep.
  case otherSweep(path: String, stored: String, given: String)
  /// The user declined the changed plan.
  case planChangeDeclined(PlanChange)
  /// The file contradicts itself.
  case corrupted(path: String, found: String)
  /// The directory or the file may not be written.
  case readOnly(path: String)
  /// The disk is full; nothing of the transaction is stored.
  case diskFull(path: String)
  /// Another program has locked the database; nothing of the transaction is stored. A retry may
  /// succeed.
  case busy(path: String)
  /// An open file was moved, deleted or replaced.
  case displaced(path: String)
  /// The schema forbids a record; nothing of the transaction is stored.
  case refused(reason: String)
  /// Any other failure of the file system or of SQLite.
  case inputOutput(path: String, reason: String)
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such store; `coordinator run` makes one"
    case .databaseMissing(let log):
      "\(log): found results of a sweep without the database sweep.sqlite beside them; put it back, "
        + "or bring the results into a new folder by `coordinator check DIR --salvage NEW`"
    case .locked(let path, let holder):
      "\(path): another coordinator, \(holder), works in this directory; "
        + "stop it first or choose another --out"
    case .networkFileSystem(let path, let kind):
      "\(path): this directory lies on a network file system (\(kind)), where file locks do not "
        + "protect a database; choose a directory on a local disk"
    case .foreign(let path, let found):
      "\(path): found \(found), expected a store of a sweep"
    case .newerFormat(let path, let found, let supported):
      "\(path): found format version \(found), expected at most \(supported); "
        + "a newer release wrote this store"
    case .otherSweep(let path, let stored, let given):
      "\(path): this store belongs to the sweep \"\(stored)\", not to \"\(given)\"; "
        + "choose another --out"
    case .planChangeDeclined(let change):
      "the sweep differs from the one in --out (\(change)) and nothing was changed; "
        + "--yes agrees to the change, another --out begins anew"
    case .corrupted(let path, let found):
      "\(path): the store is damaged: \(found)"
    case .readOnly(let path):
      "\(path): may not be written"
    case .diskFull(let path):
      "\(path): the disk is full; nothing of the last records was stored"
    case .busy(let path):
      "\(path): another program holds the database; end it (`lsof \(path)` names it)"
    case .displaced(let path):
      "\(path): was moved, deleted or replaced while the sweep ran, so the run has ended; what was "
        + "recorded is in the files that were here: put them back and give the same command again"
    case .refused(let reason):
      "the record was refused: \(reason)"
    case .inputOutput(let path, let reason):
      "\(path): \(reason)"
    }
  }
}

extension StoreError {
  /// Converts an error of the file system or of SQLite.
  ///
  /// - Parameters:
  ///   - error: Any error of GRDB, or a ``StoreError``, which is kept.
  ///   - path: The file that was worked on.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as StoreError: self = error
    case let damage as Damage: self = .corrupted(path: path, found: damage.found)
    case let error as DatabaseError: self.init(database: error, path: path)
    case let error as DecodingError:
      self = .corrupted(path: path, found: CanonicalJSON.describe(error))
    default: self = .inputOutput(path: path, reason: ErrorWords.text(error))
    }
  }

  private static func isFull(_ path: String) -> Bool {
    guard let free = try? FreeSpace.byteCount(at: path) else { return false }
    return free < 1 << 16
  }

  /// Why SQLite cannot open a database, and what to do, which it does not tell; nil if unknown.
  private static func whyUnopened(_ path: String) -> String? {
    // The file itself must not be opened, see StoreFile.
    let folder = URL(filePath: path).deletingLastPathComponent().path
    do throws(FileError) {
      _ = try OpenFile<FileError>(folder, flags: O_RDONLY | O_DIRECTORY)
      try OpenFile<FileError>.check("open", path) { access(path, R_OK) }
    } catch {
      return "cannot be opened: \(error.reason)"
    }
    guard access(folder, W_OK | X_OK) != 0 else { return nil }
    return "cannot be opened: SQLite writes files beside it, and its folder refuses them "
      + "(\(String(cString: strerror(errno)))); copy the folder to a place that you may write to, and "
      + "give the copy"
  }

  private init(database error: DatabaseError, path: String) {
    let words = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL: self = .diskFull(path: path)
    // SQLite does not report a full disk for the files beside the database.
    case .SQLITE_IOERR where Self.isFull(path): self = .diskFull(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM: self = .readOnly(path: path)
    case .SQLITE_CANTOPEN:
      self = .inputOutput(path: path, reason: Self.whyUnopened(path) ?? words)
    case .SQLITE_IOERR:
      self = .inputOutput(
        path: path, reason: words + (FileSizeLimit.remedy.map { "; \($0)" } ?? ""))
    case .SQLITE_NOTADB: self = .foreign(path: path, found: "a file that is no database")
    case .SQLITE_CORRUPT: self = .corrupted(path: path, found: words)
    case .SQLITE_CONSTRAINT: self = .refused(reason: words)
    // SQLITE_PROTOCOL means that another program holds the locks of the write-ahead log.
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: self = .busy(path: path)
    default: self = .inputOutput(path: path, reason: words)
    }
  }
}

extension StoreError: FileFailure {
  package init(_ failure: FileError) {
    switch failure.code {
    case EACCES, EPERM, EROFS: self = .readOnly(path: failure.path)
    case ENOSPC, EDQUOT: self = .diskFull(path: failure.path)
    default:
      self = .inputOutput(
        path: failure.path,
        reason: "cannot \(failure.operation): \(failure.reason)")
    }
  }
}
