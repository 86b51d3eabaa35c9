import Files
import Foundation
import Glibc
import Synchronization

/// Prepares the three standard streams of a process.
package enum StandardStreams {
  /// Whether a ``write(_:)`` failed.
  private static let hasFailed = Atomic(false)

  /// Prepares the streams; call it before any file is opened.
  ///
  /// The next opened file would get the number of a closed stream, and messages would be written to
  /// it. So `/dev/null` is opened in its place, such that writing to it still fails. If a write to
  /// standard output failed, the process exits with an error. So does one to a file that is larger
  /// than `ulimit -f` allows; no signal ends the process.
  package static func secure() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      // `open` returns the lowest free number, which is this one.
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    FileSizeLimit.reportErrors()
    on_exit({ status, _ in StandardStreams.checkOutput(status) }, nil)
  }

  /// Writes bytes to standard output without buffering.
  ///
  /// - Returns: False if that fails; the process then exits with an error, see ``secure()``.
  package static func write(_ data: Data) -> Bool {
    do {
      guard fflush(nil) == 0 else { return false }
      try FileHandle.standardOutput.write(contentsOf: data)
      return true
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      return false
    }
  }

  /// Whether a `print` failed; the C function is `ferror`.
  private static var hasPrintFailed: Bool {
    // Swift does not allow access to C's variable `stdout` from several threads, so look it up.
    let variable = dlsym(nil, "stdout")?.assumingMemoryBound(to: UnsafeMutablePointer<FILE>.self)
    return variable.map { ferror($0.pointee) != 0 } ?? false
  }

  /// Flushes the buffer of `print`, and reports an error.
  private static func checkOutput(_ status: Int32) {
    guard fflush(nil) != 0 || hasFailed.load(ordering: .relaxed) || hasPrintFailed else { return }
    try? FileHandle.standardError.write(
      contentsOf: Data(
        "Error: standard output cannot be written to; it is full, closed or read-only\n".utf8))
    if status == 0 { _exit(1) }
  }
}
