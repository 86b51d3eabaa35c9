import CZeroMQ
import Glibc
import Synchronization

/// Reports the connection events of one socket, for readable log messages.
///
/// Take the events in the loop that serves the socket. At most 10,000 are queued; beyond that
/// libzmq's I/O thread blocks.
package struct SocketMonitor: ~Copyable {
  private let handle: SocketHandle
  private let watched: SocketHandle

  private static let count = Atomic<Int>(0)

  fileprivate init(of socket: SocketHandle, failuresOnly: Bool) throws(MessagingError) {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let endpoint = "inproc://socket-monitor-\(number)"
    let failures =
      ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
      | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_ACCEPT_FAILED
    let progress =
      ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED
      | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    try socket.monitor(at: endpoint, events: failuresOnly ? failures : failures | progress)
    var options = SocketOptions(frameByteCountMaximum: 4096)
    options.receiveQueueCountMaximum = 10_000
    let handle = try SocketHandle(socket.context, type: ZMQ_PAIR, options: options)
    try handle.connect(to: endpoint)
    self.handle = handle
    watched = socket
  }

  deinit {
    // Otherwise libzmq's I/O thread would wait forever for the closed monitor.
    watched.stopMonitor()
    handle.close()
  }

  /// Takes the next event, if there is one; does not block.
  package func next() throws(MessagingError) -> ConnectionEvent? {
    while let received = try handle.receive(frameCountMaximum: 2) {
      // Frame 0: a 16-bit event and a 32-bit value in the host's byte order; frame 1: an endpoint.
      guard received.frames.count == 2, received.frames[0].count == 6 else { continue }
      let (event, value) = received.frames[0].withUnsafeBytes {
        ($0.load(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      }
      if let kind = ConnectionEvent.Kind(event: Int32(event), value: value) {
        return ConnectionEvent(
          kind: kind, endpoint: String(decoding: received.frames[1], as: UTF8.self))
      }
    }
    return nil
  }

  /// Polls for events.
  package var pollItem: PollItem { PollItem(handle, .readable) }
}

/// Something that happened to a connection.
package struct ConnectionEvent: Hashable, Sendable {
  /// What happened.
  package var kind: Kind
  /// The socket's own endpoint.
  package var endpoint: String

  /// The kinds of event, all from `ZMQ_EVENT_*`.
  package enum Kind: Hashable, Sendable {
    /// A TCP connection came in.
    case accepted
    /// A TCP connection went out.
    case connected
    /// The handshake succeeded; messages can flow.
    case handshakeSucceeded
    /// The handshake failed, with an error number of the system.
    case handshakeFailed(code: MessagingError.Code)
    /// The peer violated ZMTP.
    case protocolViolated(number: UInt32)
    /// The peer was refused, with a status of the authentication protocol.
    case admissionRefused(status: UInt32)
    /// The connection broke, was closed, or was ended for a frame above the limit.
    case disconnected
    /// A connection could not be accepted, with an error number of the system.
    case acceptFailed(code: MessagingError.Code)

    /// Whether one side encrypts and the other does not.
    package var isMechanismMismatch: Bool {
      self == .protocolViolated(number: UInt32(ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH))
    }

    init?(event: Int32, value: UInt32) {
      switch event {
      case ZMQ_EVENT_ACCEPTED: self = .accepted
      case ZMQ_EVENT_CONNECTED: self = .connected
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        self = .handshakeFailed(code: .init(rawValue: Int32(bitPattern: value)))
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: self = .protocolViolated(number: value)
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .admissionRefused(status: value)
      case ZMQ_EVENT_DISCONNECTED: self = .disconnected
      case ZMQ_EVENT_ACCEPT_FAILED:
        self = .acceptFailed(code: .init(rawValue: Int32(bitPattern: value)))
      default: return nil
      }
    }
  }
}

extension RouterSocket {
  /// Starts to watch the socket's connections; call it before binding, so that none is missed.
  ///
  /// The C function is `zmq_socket_monitor`.
  ///
  /// - Parameter failuresOnly: Whether to report only failed connections.
  package func monitor(failuresOnly: Bool = false) throws(MessagingError) -> SocketMonitor {
    try SocketMonitor(of: handle, failuresOnly: failuresOnly)
  }
}

extension DealerSocket {
  /// Starts to watch the socket's connections; call it before connecting, so that none is missed.
  ///
  /// The C function is `zmq_socket_monitor`.
  package func monitor() throws(MessagingError) -> SocketMonitor {
    try SocketMonitor(of: handle, failuresOnly: false)
  }
}

// As the sockets: one owner, one thread.
extension SocketMonitor: @unchecked Sendable {}
