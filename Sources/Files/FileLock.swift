import Foundation
import Glibc

/// A lock on a file, exclusive or shared, held until the value is released or the process ends.
///
/// C function: `flock`. Only the file's owner may take it, and a symbolic link is refused. The file
/// stays after the lock is released, with a text for people about its latest holder; a stale file
/// does not block anybody.
package final class FileLock: Sendable {
  private let file: OpenFile<FileError>

  /// Takes the lock if it is free; nil if another holder has it.
  ///
  /// - Throws: ``FileError`` if the file cannot be created or locked at all.
  package static func tryLock(_ url: URL) throws(FileError) -> FileLock? {
    try lock(url, LOCK_EX | LOCK_NB)
  }

  /// Takes the lock, waiting until it is free.
  ///
  /// - Throws: ``FileError`` if the file cannot be created or locked at all.
  package static func waitForLock(_ url: URL) throws(FileError) -> FileLock {
    guard let lock = try lock(url, LOCK_EX) else { throw FileError("flock", url.path) }
    return lock
  }

  /// Takes a shared lock, waiting while another holder has it exclusively.
  ///
  /// - Throws: ``FileError`` if the file cannot be created or locked at all.
  package static func waitForSharedLock(_ url: URL) throws(FileError) -> FileLock {
    guard let lock = try lock(url, LOCK_SH) else { throw FileError("flock", url.path) }
    return lock
  }

  private static func lock(_ url: URL, _ operation: Int32) throws(FileError) -> FileLock? {
    let file = try OpenFile<FileError>(
      url.path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
    // An earlier release left it readable, and anybody who can read it can take the lock.
    file.makePrivate()
    guard try file.lock(operation) else { return nil }
    if operation & LOCK_EX != 0 {
      // The text is only information; an error in writing it does not affect the lock.
      let text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
      try? file.truncate(to: 0)
      try? file.write(Array(text.utf8), at: 0)
    }
    return FileLock(file)
  }

  /// The file's path.
  package var path: String { file.path }

  /// Whether the locked file is still at its path, neither removed nor replaced.
  package var isAtItsPath: Bool { file.isAtItsPath }

  /// Who has, or last had, the lock: "process 4711 on host".
  package static func holder(of url: URL) -> String {
    let text = WholeFile.text(url) ?? ""
    return text.isEmpty ? "an unknown process" : text.trimmingCharacters(in: .newlines)
  }

  private init(_ file: consuming OpenFile<FileError>) { self.file = file }

  // A child process has a copy of the descriptor until it executes its program. Closing only ours
  // would leave the lock with that copy.
  deinit { file.unlock() }
}
