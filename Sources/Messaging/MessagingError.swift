import CZeroMQ
import Glibc

/// A call of libzmq, or of the kernel, that failed: which call, on what, and why.
///
/// Expected outcomes (a peer that is gone, a full queue, nothing to receive) are not errors but
/// return values: ``SendOutcome`` and nil.
package struct MessagingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Why the call failed.
  package var code: Code
  /// The C function that failed, such as `zmq_bind`.
  package var operation: String
  /// The object or argument of the call: an endpoint, an option's name.
  package var context: String

  /// A failure of an operation.
  package init(code: Code, operation: String, context: String) {
    self.code = code
    self.operation = operation
    self.context = context
  }

  package var description: String {
    "\(operation) \(context): \(code)"
  }

  /// An error number of the system or of libzmq.
  package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number, as `zmq_errno` gives it.
    package let rawValue: Int32

    /// Wraps a number.
    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// The call would block (`EAGAIN`).
    package static let tryAgain = Code(rawValue: EAGAIN)
    /// A signal interrupted the call (`EINTR`).
    package static let interrupted = Code(rawValue: EINTR)
    /// The peer is not connected (`EHOSTUNREACH`).
    package static let hostUnreachable = Code(rawValue: EHOSTUNREACH)
    /// The context was shut down (`ETERM`).
    package static let contextTerminated = Code(rawValue: ETERM)
    /// Another socket listens there (`EADDRINUSE`).
    package static let addressInUse = Code(rawValue: EADDRINUSE)
    /// This host has no such address (`EADDRNOTAVAIL`).
    package static let addressNotAvailable = Code(rawValue: EADDRNOTAVAIL)
    /// This user may not listen there (`EACCES`).
    package static let permissionDenied = Code(rawValue: EACCES)
    /// No such interface or host (`ENODEV`).
    package static let noSuchDevice = Code(rawValue: ENODEV)
    /// An argument is invalid (`EINVAL`).
    package static let invalidArgument = Code(rawValue: EINVAL)
    /// A frame is larger than the socket's limit (`EMSGSIZE`).
    package static let messageTooLarge = Code(rawValue: EMSGSIZE)
    /// The process has too many open files (`EMFILE`).
    package static let tooManyFiles = Code(rawValue: EMFILE)

    /// The text of `zmq_strerror`, and what to do about too many open files.
    package var description: String {
      String(cString: zmq_strerror(rawValue))
        + (self == .tooManyFiles ? "; raise the limit with ulimit -n" : "")
    }
  }
}

/// Checks the results of libzmq calls.
enum Call {
  /// Repeats a call that a signal interrupted, and turns -1 into a ``MessagingError``.
  ///
  /// The C functions are `zmq_errno` and the one called.
  @discardableResult
  static func check(
    _ operation: String, _ context: @autoclosure () -> String, _ body: () -> Int32
  ) throws(MessagingError) -> Int32 {
    while true {
      let result = body()
      if result != -1 { return result }
      let code = MessagingError.Code(rawValue: zmq_errno())
      if code == .interrupted { continue }
      throw MessagingError(code: code, operation: operation, context: context())
    }
  }

  /// As ``check(_:_:_:)``, for calls that return a pointer.
  static func pointer(
    _ operation: String, _ context: @autoclosure () -> String,
    _ body: () -> UnsafeMutableRawPointer?
  ) throws(MessagingError) -> UnsafeMutableRawPointer {
    guard let pointer = body() else {
      throw MessagingError(
        code: .init(rawValue: zmq_errno()), operation: operation, context: context())
    }
    return pointer
  }
}
