import Files
import Foundation
import Glibc

/// A file whose errors are ``TransferError``s.
typealias OpenFile = Files.OpenFile<TransferError>

extension OpenFile {
  /// Locks the file exclusively without waiting; the C function is `flock`.
  ///
  /// - Throws: ``TransferError/busy(path:)`` if it is locked already.
  func lock() throws(TransferError) {
    guard try lock(LOCK_EX | LOCK_NB) else { throw .busy(path: path) }
  }

  /// Removes a file if it exists; the C function is `unlink`.
  static func remove(_ path: String) throws(TransferError) {
    do {
      try check("unlink", path) { unlink(path) }
    } catch .fileSystem(_, _, ENOENT) {
      return
    }
  }

  /// Whether a file's content is older than a moment; the C function is `stat`.
  static func isUnchanged(_ path: String, since limit: Date) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return Double(status.st_mtim.tv_sec) < limit.timeIntervalSince1970
  }

  /// Creates a private folder if it is missing; the C function is `mkdir`.
  static func makeFolder(_ path: String) throws(TransferError) {
    do {
      try check("mkdir", path) { mkdir(path, 0o700) }
    } catch .fileSystem(_, _, EEXIST) {
      return
    }
  }

  /// The size of a regular file; nil if there is none.
  ///
  /// The C function is `stat`.
  static func byteCount(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}

extension TransferError: FileFailure {
  package init(_ failure: FileError) {
    self =
      failure.isDiskFull
      ? .diskFull(path: failure.path)
      : .fileSystem(operation: failure.operation, path: failure.path, code: failure.code)
  }
}
