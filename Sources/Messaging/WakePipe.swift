import Glibc

/// A pipe within the process that wakes another thread, also from a signal handler.
///
/// A byte may carry a meaning, such as a signal's number. The pipe never blocks: when it is
/// full of unread bytes, further ones are dropped, since the reader is woken anyway.
package final class WakePipe: Sendable {
  /// The end to poll and to read.
  package let readDescriptor: Int32
  /// The end to write; for ``wake(writeDescriptor:byte:)`` in a signal handler.
  package let writeDescriptor: Int32

  /// Opens the pipe, not inherited by child processes.
  ///
  /// The C function is `socketpair`, which sets both flags atomically, so that no child process
  /// started concurrently inherits an end. `pipe2` is not available in Swift.
  package init() throws(MessagingError) {
    var ends: [Int32] = [-1, -1]
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    guard socketpair(AF_UNIX, Int32(type), 0, &ends) == 0 else {
      throw MessagingError(
        code: .init(rawValue: errno), operation: "socketpair", context: "wake pipe")
    }
    readDescriptor = ends[0]
    writeDescriptor = ends[1]
  }

  deinit {
    close(readDescriptor)
    close(writeDescriptor)
  }

  /// Polls for wake-ups.
  package var pollItem: PollItem { PollItem(descriptor: readDescriptor) }

  /// Wakes the reader; may be called from any thread.
  package func wake(_ byte: UInt8 = 0) {
    Self.wake(writeDescriptor: writeDescriptor, byte: byte)
  }

  /// Wakes the reader, also from a signal handler: it only calls `write` and preserves `errno`.
  package static func wake(writeDescriptor: Int32, byte: UInt8) {
    let saved = errno
    var byte = byte
    while write(writeDescriptor, &byte, 1) == -1, errno == EINTR {}
    errno = saved
  }

  /// Takes the bytes of all wake-ups so far; never waits.
  package func drain() -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 512)
    while true {
      let count = read(readDescriptor, &piece, piece.count)
      if count > 0 { bytes += piece.prefix(count) }
      if count == 0 || (count == -1 && errno != EINTR) { return bytes }
    }
  }
}
