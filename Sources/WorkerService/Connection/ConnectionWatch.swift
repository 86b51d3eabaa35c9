import Messaging

/// Watches a worker's control connection; it explains why connecting fails, and retries after a
/// pause where libzmq does not, or would retry at once.
struct ConnectionWatch: ~Copyable {
  /// The pause before retrying a refused connection.
  static let pause = Duration.seconds(20)
  /// Interval between repetitions of the same message.
  static let reminder = Duration.seconds(60)

  private let monitor: SocketMonitor
  private var reading: HandshakeReading
  private var told: (text: String, at: Duration)?
  private var retryAt: Duration?
  private var isNew = false

  init(_ monitor: consuming SocketMonitor, isEncrypted: Bool) {
    self.monitor = monitor
    reading = HandshakeReading(isEncrypted: isEncrypted)
  }

  /// Polls for events of the connection.
  var pollItem: PollItem { monitor.pollItem }

  /// Handles the connection's events; returns problems to log.
  ///
  /// - Parameter now: Time on the shell's monotonic clock.
  mutating func attend(
    to socket: borrowing DealerSocket, at endpoint: String, now: Duration
  ) throws(MessagingError) -> [String] {
    var texts: [String] = []
    while let event = try monitor.next() {
      if event.kind == .handshakeSucceeded {
        told = nil
        isNew = true
      }
      guard let trouble = reading.trouble(event.kind).map({ "\(endpoint): \($0)" }) else {
        continue
      }
      if retryAt == nil {
        // Ignore the error if it is not connected.
        try? socket.disconnect(from: endpoint)
        retryAt = now + Self.pause
      }
      if told?.text != trouble || now - (told?.at ?? .zero) >= Self.reminder {
        told = (trouble, now)
        texts.append(trouble)
      }
    }
    if let at = retryAt, at <= now {
      retryAt = nil
      try socket.connect(to: endpoint)
    }
    return texts
  }

  /// Whether a connection was made since the last call.
  mutating func takeNewConnection() -> Bool {
    defer { isNew = false }
    return isNew
  }
}
