import Foundation

/// The right to write to one sweep's directory, held by at most one process of the host.
///
/// The lock is the kernel's (`flock`), so it ends with its process however that ends, and no stale
/// lock file ever stands in the way. The file's text, process number and host, is for people.
final class DirectoryLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock or says who has it.
  ///
  /// C functions: `open`, `flock`.
  ///
  /// - Throws: ``StoreError/locked(path:holder:)`` when another process, or another store of this
  ///   process, has it.
  init(directory: URL) throws(StoreError) {
    let path = directory.appending(path: "sweep.lock").path(percentEncoded: false)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StoreError(systemCode: errno, operation: "open the lock", path: path)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.text(of: descriptor)
      close(descriptor)
      if code == EWOULDBLOCK {
        throw .locked(path: directory.path(percentEncoded: false), holder: holder)
      }
      throw StoreError(systemCode: code, operation: "take the lock", path: path)
    }
    let text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
    // The text only informs: a failure to write it does not weaken the lock.
    if ftruncate(descriptor, 0) == 0 {
      _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }
  }

  deinit {
    close(descriptor)
  }

  private static func text(of descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return "of unknown number" }
    return String(decoding: bytes[..<count], as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
