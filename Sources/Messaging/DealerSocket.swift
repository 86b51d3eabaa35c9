import CZeroMQ

/// A client's socket for one server; it reconnects by itself when the connection breaks.
///
/// It accepts messages only while connected (`ZMQ_IMMEDIATE`), so that no outdated messages are
/// sent after a reconnection. Messages that were queued when the connection broke may be lost.
///
/// Use it from one thread; see ``SocketHandle``. Set-up may happen on another thread before.
package struct DealerSocket: ~Copyable {
  let handle: SocketHandle

  /// Opens a socket that is not connected yet.
  ///
  /// The C functions are `zmq_socket` (`ZMQ_DEALER`) and `zmq_setsockopt`.
  package init(
    _ context: Context, options: SocketOptions = .control
  ) throws(MessagingError) {
    let handle = try SocketHandle(context, type: ZMQ_DEALER, options: options)
    try handle.set(ZMQ_IMMEDIATE, "ZMQ_IMMEDIATE", Int32(1))
    self.handle = handle
  }

  deinit { handle.close() }

  /// Starts to connect to an endpoint, such as `tcp://host:5750`, and retries forever.
  ///
  /// The C function is `zmq_connect`.
  package func connect(to endpoint: String) throws(MessagingError) {
    try handle.connect(to: endpoint)
  }

  /// Ends a connection that was made with ``connect(to:)``.
  ///
  /// The C function is `zmq_disconnect`.
  package func disconnect(from endpoint: String) throws(MessagingError) {
    try handle.disconnect(from: endpoint)
  }

  /// Receives the next message, if there is one; does not block.
  package func receive() throws(MessagingError) -> [[UInt8]]? {
    try handle.receive(frameCountMaximum: handle.options.frameCountMaximum)?.frames
  }

  /// Sends a message of at least one frame; does not block.
  ///
  /// ``SendOutcome/full`` also means that there is no connection at the moment.
  ///
  /// - Throws: ``MessagingError/Code/messageTooLarge`` for a frame above the socket's limit.
  package func send(_ frames: [[UInt8]]) throws(MessagingError) -> SendOutcome {
    try handle.checkBounds(frames)
    var outcome = SendOutcome.sent
    for (index, frame) in frames.enumerated() {
      do {
        try handle.send(frame: frame, isLast: index == frames.count - 1)
      } catch  where error.code == .tryAgain {
        // If the first frame is refused, no message has begun. If a later one is, libzmq drops the
        // message but still expects its end, so the remaining frames must be sent.
        outcome = .full
        if index == 0 { return .full }
      }
    }
    return outcome
  }

  /// How many messages were dropped because they had too many frames.
  package var droppedMessageCount: Int { handle.droppedMessageCount }
}

// A socket may be moved between threads. `~Copyable` ensures one owner, and its handle traps if a
// second thread uses it.
extension DealerSocket: @unchecked Sendable {}
