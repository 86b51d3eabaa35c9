import Foundation
import Glibc
import Synchronization

/// The three streams that a process is started with, made fit for use.
package enum StandardStreams {
  /// Whether something could not be written by ``write(_:)``.
  private static let hasFailed = Atomic(false)

  /// Sees to the streams; to be called before anything is opened.
  ///
  /// A stream that is closed would lend its number to the next file that is opened, and what people
  /// are told would be written into that file: `/dev/null` takes the place, in a way that writing
  /// to it still fails. What could not be written to standard output turns an end without error
  /// into one with an error.
  package static func secure() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      // The lowest free number, which is this one.
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    on_exit({ status, _ in StandardStreams.checkOutput(status) }, nil)
  }

  /// Writes bytes to standard output at once.
  ///
  /// - Returns: False if that is not possible; ``secure()`` sees to it that the process says so when
  ///   it ends.
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

  /// Whether `print` could not write something; the C function is `ferror`.
  private static var hasPrintFailed: Bool {
    // Swift does not let C's variable `stdout` be read from several threads, so it is looked up.
    let variable = dlsym(nil, "stdout")?.assumingMemoryBound(to: UnsafeMutablePointer<FILE>.self)
    return variable.map { ferror($0.pointee) != 0 } ?? false
  }

  /// Writes what `print` still has in its buffer, and says if that is not possible.
  private static func checkOutput(_ status: Int32) {
    guard fflush(nil) != 0 || hasFailed.load(ordering: .relaxed) || hasPrintFailed else { return }
    try? FileHandle.standardError.write(
      contentsOf: Data(
        "Error: standard output cannot be written to; it is full, closed or read-only\n".utf8))
    if status == 0 { _exit(1) }
  }
}
