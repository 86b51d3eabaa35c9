import Foundation
import Glibc

/// A lock on a file, exclusive or shared, held until the value is dropped or the process ends,
/// however it ends.
///
/// C function: `flock`. The file stays, with a text for people about its latest holder; only the
/// lock goes, so that no stale file ever stands in the way.
package final class FileLock: Sendable {
  private let descriptor: Int32

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
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError("open", url.path) }
    while flock(descriptor, operation) != 0 {
      if errno == EINTR { continue }
      let failure = FileError("flock", url.path)
      close(descriptor)
      guard failure.code == EWOULDBLOCK else { throw failure }
      return nil
    }
    if operation & LOCK_SH != 0 { return FileLock(descriptor: descriptor) }
    // The text only informs: a failure to write it does not weaken the lock.
    let text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
    if ftruncate(descriptor, 0) == 0 {
      _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }
    return FileLock(descriptor: descriptor)
  }

  /// Who has, or last had, the lock: "process 4711 on host".
  package static func holder(of url: URL) -> String {
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    return text.isEmpty ? "an unknown process" : text.trimmingCharacters(in: .newlines)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}
