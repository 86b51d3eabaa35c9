import CZeroMQ

/// libzmq's I/O threads and everything that sockets of one process share.
///
/// Every socket retains its context, and the context ends (`zmq_ctx_term`) with its last reference.
/// So ending it never waits for an open socket, only for unsent messages during the sockets'
/// bounded linger time.
///
/// Contexts may be used from any thread; libzmq says so of `zmq_ctx_*` and `zmq_socket`.
package final class Context: Sendable {
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

  /// Starts a context.
  ///
  /// The C functions are `zmq_ctx_new` and `zmq_ctx_set` (`ZMQ_IO_THREADS`, `ZMQ_MAX_SOCKETS`).
  ///
  /// - Parameters:
  ///   - ioThreadCount: I/O threads; one carries about 1 GB/s.
  ///   - socketCountMaximum: How many sockets the context may have at once.
  package init(
    ioThreadCount: Int = 1, socketCountMaximum: Int = 1024
  ) throws(MessagingError) {
    pointer = try Call.pointer("zmq_ctx_new", "") { zmq_ctx_new() }
    try Call.check("zmq_ctx_set", "ZMQ_IO_THREADS \(ioThreadCount)") {
      zmq_ctx_set(pointer, ZMQ_IO_THREADS, Int32(clamping: ioThreadCount))
    }
    try Call.check("zmq_ctx_set", "ZMQ_MAX_SOCKETS \(socketCountMaximum)") {
      zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, Int32(clamping: socketCountMaximum))
    }
  }

  /// Makes every waiting or later call on the context's sockets fail with
  /// ``MessagingError/Code/contextTerminated``, so that the threads that own them can end.
  ///
  /// The C function is `zmq_ctx_shutdown`.
  package func shutDown() {
    zmq_ctx_shutdown(pointer)
  }

  /// The version of libzmq that is linked, such as `4.3.4` (`zmq_version`).
  package static var libraryVersion: String {
    var (major, minor, patch) = (Int32(0), Int32(0), Int32(0))
    zmq_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  deinit {
    while zmq_ctx_term(pointer) == -1, zmq_errno() == MessagingError.Code.interrupted.rawValue {}
  }
}
