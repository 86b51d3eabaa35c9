import Messaging

/// Watches a worker's control connection: says in words why it does not come about, and tries
/// again after a pause where libzmq does not, or would at once.
struct ConnectionWatch: ~Copyable {
  /// The pause before a connection that was refused is tried again.
  static let pause = Duration.seconds(20)
  /// How often the same trouble is told.
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

  /// Waits until something happened to the connection.
  var pollItem: PollItem { monitor.pollItem }

  /// Takes in what happened to the connection; what people should be told.
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
        // What is not connected cannot be disconnected; both are as well.
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

  /// Whether a connection has come about since this was last asked.
  mutating func takeNewConnection() -> Bool {
    defer { isNew = false }
    return isNew
  }
}
