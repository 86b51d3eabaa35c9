import CZeroMQ

/// A server's socket: receives from many peers and sends to the one that a routing id names.
///
/// A routing id identifies a connection, not a worker: a peer that reconnects gets another one.
/// (`ZMQ_ROUTER_HANDOVER` stays off, so that no peer can take over a connection by claiming its
/// id.)
///
/// Use it from one thread; see ``SocketHandle``. Set-up and binding may happen on another thread
/// before.
package struct RouterSocket: ~Copyable {
  let handle: SocketHandle

  /// Opens a socket that is not bound yet.
  ///
  /// The C functions are `zmq_socket` (`ZMQ_ROUTER`) and `zmq_setsockopt`. With
  /// `ZMQ_ROUTER_MANDATORY`, sending to a peer that is gone fails instead of losing the message.
  package init(
    _ context: Context, options: SocketOptions = .control
  ) throws(MessagingError) {
    let handle = try SocketHandle(context, type: ZMQ_ROUTER, options: options)
    try handle.set(ZMQ_ROUTER_MANDATORY, "ZMQ_ROUTER_MANDATORY", Int32(1))
    self.handle = handle
  }

  deinit { handle.close() }

  /// Listens at an endpoint, such as `tcp://*:5750`, `tcp://127.0.0.1:*` or `ipc:///run/x`.
  ///
  /// The C functions are `zmq_bind` and `zmq_getsockopt` (`ZMQ_LAST_ENDPOINT`).
  ///
  /// - Returns: The endpoint with its actual port, such as `tcp://[::]:41235`.
  package func bind(to endpoint: String) throws(MessagingError) -> String {
    try handle.bind(to: endpoint)
  }

  /// Receives the next message, if there is one; does not block.
  package func receive() throws(MessagingError) -> RoutedMessage? {
    guard
      let received = try handle.receive(frameCountMaximum: handle.options.frameCountMaximum + 1)
    else { return nil }
    return RoutedMessage(
      routingID: received.frames[0], frames: Array(received.frames.dropFirst()),
      peerAddress: received.peerAddress, userID: received.userID)
  }

  /// Sends a message of at least one frame to a peer; does not block.
  ///
  /// ``SendOutcome/sent`` means that libzmq has queued it, not that the peer has it.
  ///
  /// - Throws: ``MessagingError/Code/messageTooLarge`` for a frame above the socket's limit.
  package func send(
    _ frames: [[UInt8]], to routingID: [UInt8]
  ) throws(MessagingError) -> SendOutcome {
    try handle.checkBounds(frames)
    do {
      try handle.send(frame: routingID, isLast: false)
    } catch  where error.code == .hostUnreachable {
      return .unreachable
    } catch  where error.code == .tryAgain {
      return .full
    }
    for (index, frame) in frames.enumerated() {
      try handle.send(frame: frame, isLast: index == frames.count - 1)
    }
    return .sent
  }

  /// How many messages were dropped because they had too many frames.
  package var droppedMessageCount: Int { handle.droppedMessageCount }
}

// A socket may be moved between threads. `~Copyable` ensures one owner, and its handle traps if a
// second thread uses it.
extension RouterSocket: @unchecked Sendable {}
