import CZeroMQ

/// The limits and times of a socket, all set before it binds or connects.
///
/// libzmq's defaults (unlimited messages, no heartbeats, no reconnect back-off, endless linger) do
/// not suit a service that runs for days.
package struct SocketOptions: Hashable, Sendable {
  /// Largest frame that is sent or accepted, in bytes (`ZMQ_MAXMSGSIZE`).
  ///
  /// A peer that sends a larger one is disconnected and the frame is lost, so sending one throws
  /// ``MessagingError/Code/messageTooLarge``.
  package var frameByteCountMaximum: Int
  /// Most frames of one message, the routing id not counted; longer messages are dropped.
  package var frameCountMaximum = 8
  /// Most messages that wait to leave, for each peer (`ZMQ_SNDHWM`).
  package var sendQueueCountMaximum = 1000
  /// Most messages that wait to be received, for each peer (`ZMQ_RCVHWM`).
  package var receiveQueueCountMaximum = 1000
  /// How long unsent messages delay the end of the context (`ZMQ_LINGER`).
  package var linger: Duration = .seconds(1)
  /// How long a handshake may take (`ZMQ_HANDSHAKE_IVL`).
  package var handshakeTimeout: Duration = .seconds(5)
  /// How long a TCP connection may take to be established (`ZMQ_CONNECT_TIMEOUT`).
  package var connectTimeout: Duration = .seconds(10)
  /// Pause before the first attempt to reconnect (`ZMQ_RECONNECT_IVL`).
  ///
  /// Setting a maximum turns off libzmq's jitter, so the default is drawn per process; otherwise
  /// all workers would reconnect at once.
  package var reconnectInterval: Duration = Self.drawnReconnectInterval
  /// The pause doubles up to this (`ZMQ_RECONNECT_IVL_MAX`).
  ///
  /// Together with the connect timeout it bounds how soon workers reconnect to a restarted
  /// coordinator, and so how long that must wait for them.
  package var reconnectIntervalMaximum: Duration = .seconds(10)
  /// Interval of ZMTP pings (`ZMQ_HEARTBEAT_IVL`), which detect dead TCP connections.
  package var heartbeatInterval: Duration = .seconds(10)
  /// A connection without an answer for so long is closed (`ZMQ_HEARTBEAT_TIMEOUT`).
  ///
  /// libzmq counts whole frames as answers, not bytes: a frame must cross the slowest link
  /// within this time.
  package var heartbeatTimeout: Duration = .seconds(30)
  /// Silence after which the peer closes the connection (`ZMQ_HEARTBEAT_TTL`); less than 65 s, the
  /// limit of the protocol field.
  package var heartbeatTimeToLive: Duration = .seconds(60)
  /// Most TCP connections that wait to be accepted (`ZMQ_BACKLOG`).
  package var backlogCountMaximum = 1024
  /// How connections are protected.
  package var security = SocketSecurity.plain

  /// The default options with a frame size limit.
  package init(frameByteCountMaximum: Int) {
    self.frameByteCountMaximum = frameByteCountMaximum
  }

  /// The same options with another security.
  package func with(_ security: SocketSecurity) -> SocketOptions {
    var options = self
    options.security = security
    return options
  }

  /// For control messages: at most 256 kB a frame.
  package static var control: SocketOptions { SocketOptions(frameByteCountMaximum: 256 << 10) }

  /// For blobs in pieces of 64 kB: at most 128 kB a frame.
  ///
  /// At 200 kB/s such a frame takes 0.6 s; whole blobs would starve the heartbeats. At most 64
  /// frames wait for each peer, 8 MB.
  package static var data: SocketOptions {
    var options = SocketOptions(frameByteCountMaximum: 128 << 10)
    options.sendQueueCountMaximum = 64
    options.receiveQueueCountMaximum = 64
    return options
  }

  /// This process's own pause before reconnecting, 0.5 s to 2 s.
  private static let drawnReconnectInterval = Duration.milliseconds(Int.random(in: 500...2000))
}

extension SocketOptions {
  /// Sets all options on a socket that is neither bound nor connected yet.
  ///
  /// Options are set only here.
  func apply(to socket: SocketHandle) throws(MessagingError) {
    try socket.set(ZMQ_MAXMSGSIZE, "ZMQ_MAXMSGSIZE", Int64(frameByteCountMaximum))
    let numbers: [(Int32, String, Int)] = [
      (ZMQ_SNDHWM, "ZMQ_SNDHWM", sendQueueCountMaximum),
      (ZMQ_RCVHWM, "ZMQ_RCVHWM", receiveQueueCountMaximum),
      (ZMQ_LINGER, "ZMQ_LINGER", linger.wholeMilliseconds),
      (ZMQ_HANDSHAKE_IVL, "ZMQ_HANDSHAKE_IVL", handshakeTimeout.wholeMilliseconds),
      (ZMQ_CONNECT_TIMEOUT, "ZMQ_CONNECT_TIMEOUT", connectTimeout.wholeMilliseconds),
      (ZMQ_RECONNECT_IVL, "ZMQ_RECONNECT_IVL", reconnectInterval.wholeMilliseconds),
      (ZMQ_RECONNECT_IVL_MAX, "ZMQ_RECONNECT_IVL_MAX", reconnectIntervalMaximum.wholeMilliseconds),
      (ZMQ_HEARTBEAT_IVL, "ZMQ_HEARTBEAT_IVL", heartbeatInterval.wholeMilliseconds),
      (ZMQ_HEARTBEAT_TIMEOUT, "ZMQ_HEARTBEAT_TIMEOUT", heartbeatTimeout.wholeMilliseconds),
      (ZMQ_HEARTBEAT_TTL, "ZMQ_HEARTBEAT_TTL", heartbeatTimeToLive.wholeMilliseconds),
      (ZMQ_BACKLOG, "ZMQ_BACKLOG", backlogCountMaximum),
      (ZMQ_IPV6, "ZMQ_IPV6", 1),
    ]
    for (option, name, value) in numbers {
      try socket.set(option, name, Int32(clamping: value))
    }
    try security.apply(to: socket)
  }
}

extension Duration {
  /// The duration in milliseconds, rounded up so that a short wait does not become zero.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    let (whole, part) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    return Int(clamping: product.addingReportingOverflow(whole + (part > 0 ? 1 : 0)).partialValue)
  }
}
