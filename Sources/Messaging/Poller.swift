import CZeroMQ
import Glibc

/// Waits for any of several sockets and file descriptors.
package enum Poller {
  /// Waits until at least one item is ready, the timeout passes or a signal arrives.
  ///
  /// The C function is `zmq_poll`. An interrupted wait returns early with nothing ready, so that
  /// the caller can check what its signal handlers noted. Readiness is level-triggered: unread
  /// messages are reported again.
  ///
  /// - Parameters:
  ///   - items: The items to wait for; an empty list makes it a pause.
  ///   - timeout: The longest wait, rounded up to milliseconds; zero does not wait.
  /// - Returns: What each item is ready for, in their order.
  /// - Throws: ``MessagingError/Code/contextTerminated`` once the context is shut down.
  package static func wait(
    for items: [PollItem], timeout: Duration
  ) throws(MessagingError) -> [Readiness] {
    var raw = items.map(\.raw)
    let milliseconds = max(0, min(timeout.wholeMilliseconds, 3_600_000))
    let result = zmq_poll(&raw, Int32(raw.count), milliseconds)
    if result == -1 {
      let code = MessagingError.Code(rawValue: zmq_errno())
      guard code == .interrupted else {
        throw MessagingError(code: code, operation: "zmq_poll", context: "\(items.count) items")
      }
      return items.map { _ in [] }
    }
    return raw.map { Readiness(rawValue: $0.revents) }
  }
}

/// What a socket or descriptor can be ready for.
package struct Readiness: OptionSet, Hashable, Sendable {
  package let rawValue: Int16

  package init(rawValue: Int16) { self.rawValue = rawValue }

  /// Data or the end of a pipe can be read (`ZMQ_POLLIN`).
  package static let readable = Readiness(rawValue: Int16(ZMQ_POLLIN))
  /// Sending is possible (`ZMQ_POLLOUT`).
  package static let writable = Readiness(rawValue: Int16(ZMQ_POLLOUT))
  /// A descriptor's other end is closed, or it is broken; always reported (`ZMQ_POLLERR`).
  package static let closed = Readiness(rawValue: Int16(ZMQ_POLLERR))
}

/// A socket or a file descriptor, and what to wait for.
///
/// An item of a socket is valid while the socket is open, on the socket's thread.
package struct PollItem {
  private let socket: SocketHandle?
  private let descriptor: Int32
  private let interest: Readiness

  init(_ socket: SocketHandle, _ interest: Readiness) {
    self.socket = socket
    descriptor = -1
    self.interest = interest
  }

  /// Waits for a file descriptor, such as the pipe of a child process.
  package init(descriptor: Int32, _ interest: Readiness = .readable) {
    socket = nil
    self.descriptor = descriptor
    self.interest = interest
  }

  var raw: zmq_pollitem_t {
    zmq_pollitem_t(
      socket: socket?.pointerForUse, fd: descriptor, events: interest.rawValue, revents: 0)
  }
}

extension RouterSocket {
  /// Waits until there is something to receive.
  package var pollItem: PollItem { PollItem(handle, .readable) }
}

extension DealerSocket {
  /// Waits until there is something to receive, or until sending is possible.
  package func pollItem(for interest: Readiness = .readable) -> PollItem {
    PollItem(handle, interest)
  }
}
