import Foundation
import Glibc

/// A lock on a file, exclusive or shared, held until the value is dropped or the process ends,
/// however it ends.
///
/// C function: `flock`. Only the file's owner may take it, and a symbolic link in its place is
/// refused. The file stays, with a text for people about its latest holder; only the
/// lock goes, so that no stale file ever stands in the way.
package final class FileLock: Sendable {
  private let file: OpenFile<FileError>

  /// Takes the lock if it is free; nil if another holder has it.
  ///
  /// - Throws: ``FileError`` when the file cannot be created or locked at all.
  package static func tryLock(_ url: URL) throws(FileError) -> FileLock? {
    try lock(url, LOCK_EX | LOCK_NB)
  }

  /// Takes the lock, waiting until it is free.
  ///
  /// - Throws: ``FileError`` when the file cannot be created or locked at all.
  package static func waitForLock(_ url: URL) throws(FileError) -> FileLock {
    guard let lock = try lock(url, LOCK_EX) else { throw FileError("flock", url.path) }
    return lock
  }

  /// Takes the lock in common with others that share it, waiting while one holder has it alone.
  ///
  /// - Throws: ``FileError`` when the file cannot be created or locked at all.
  package static func waitForSharedLock(_ url: URL) throws(FileError) -> FileLock {
    guard let lock = try lock(url, LOCK_SH) else { throw FileError("flock", url.path) }
    return lock
  }

  private static func lock(_ url: URL, _ operation: Int32) throws(FileError) -> FileLock? {
    let file = try OpenFile<FileError>(
      url.path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
    // A release before this one left it readable, and whoever may read it may take the lock.
    file.makePrivate()
    guard try file.lock(operation) else { return nil }
    if operation & LOCK_EX != 0 {
      // The text only informs: a failure to write it does not weaken the lock.
      let text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
      try? file.truncate(to: 0)
      try? file.write(Array(text.utf8), at: 0)
    }
    return FileLock(file)
  }

  /// Where the file is.
  package var path: String { file.path }

  /// Whether the locked file is still the one at its path: nobody has removed or replaced it.
  package var isAtItsPath: Bool { file.isAtItsPath }

  /// Who has, or last had, the lock: "process 4711 on host".
  package static func holder(of url: URL) -> String {
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    return text.isEmpty ? "an unknown process" : text.trimmingCharacters(in: .newlines)
  }

  private init(_ file: consuming OpenFile<FileError>) { self.file = file }

  // A process that is being started has a copy of the descriptor until it runs its program. Closing
  // ours would leave the lock with that copy.
  deinit { file.unlock() }
}
