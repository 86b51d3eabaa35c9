import CZeroMQ

/// A client's socket: talks to one server, and reconnects by itself when the connection breaks.
///
/// It takes messages only while there is a connection (`ZMQ_IMMEDIATE`), so that nothing piles
/// up during an absence and arrives stale. What was queued when the connection broke may be lost.
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

  /// Begins to connect to an endpoint, such as `tcp://host:5750`, and goes on trying for ever.
  ///
  /// The C function is `zmq_connect`.
  package func connect(to endpoint: String) throws(MessagingError) {
    try handle.connect(to: endpoint)
  }

  /// Ends the connection to an endpoint that ``connect(to:)`` was given.
  ///
  /// The C function is `zmq_disconnect`.
  package func disconnect(from endpoint: String) throws(MessagingError) {
    try handle.disconnect(from: endpoint)
  }

  /// Takes the next message, if there is one; never waits.
  package func receive() throws(MessagingError) -> [[UInt8]]? {
    try handle.receive(frameCountMaximum: handle.options.frameCountMaximum)?.frames
  }

  /// Sends a message of at least one frame; never waits.
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
        // A refused first frame begins no message. After a later one libzmq withdraws the
        // message but still waits for its end, so the rest must follow, to be dropped.
        outcome = .full
        if index == 0 { return .full }
      }
    }
    return outcome
  }

  /// How many messages were dropped because they had too many frames.
  package var droppedMessageCount: Int { handle.droppedMessageCount }
}

// A socket may be handed from thread to thread; `~Copyable` keeps it with one owner, and its
// handle traps when a second thread uses it.
extension DealerSocket: @unchecked Sendable {}
