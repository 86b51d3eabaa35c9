@testable import Messaging

/// A router and a dealer on this host that have exchanged a first message.
struct Loopback: ~Copyable {
  let router: RouterSocket
  let dealer: DealerSocket
  /// The router's name for the dealer.
  let routingID: [UInt8]
  let endpoint: String

  init(
    context: Context? = nil, endpoint: String = "tcp://127.0.0.1:*",
    routerOptions: SocketOptions = .loopback, dealerOptions: SocketOptions = .loopback
  ) throws {
    let context = try context ?? Context()
    let router = try RouterSocket(context, options: routerOptions)
    let actual = try router.bind(to: endpoint)
    let dealer = try DealerSocket(context, options: dealerOptions)
    try dealer.connect(to: actual)
    try dealer.sendWaiting([[1]])
    routingID = try router.receiveWaiting().routingID
    self.endpoint = actual
    self.router = router
    self.dealer = dealer
  }
}

extension SocketOptions {
  /// Control limits with reconnects quick enough for a test.
  static var loopback: SocketOptions {
    var options = SocketOptions.control
    options.reconnectInterval = .milliseconds(5)
    options.reconnectIntervalMaximum = .milliseconds(50)
    return options
  }
}

/// How long tests wait for what must come; only a broken product needs as long.
let patience = Duration.seconds(600)

/// The test has waited long enough for what never came.
struct NothingCame: Error {}

/// Asks again and again, with pauses, until there is an answer.
func waiting<Answer>(_ ask: () throws -> Answer?) throws -> Answer {
  let deadline = ContinuousClock.now + patience
  while ContinuousClock.now < deadline {
    if let answer = try ask() { return answer }
    _ = try Poller.wait(for: [], timeout: .milliseconds(5))
  }
  throw NothingCame()
}

extension RouterSocket {
  func receiveWaiting() throws -> RoutedMessage { try waiting { try receive() } }
}

extension DealerSocket {
  func receiveWaiting() throws -> [[UInt8]] { try waiting { try receive() } }

  func sendWaiting(_ frames: [[UInt8]]) throws {
    try waiting { try send(frames) == .sent ? () : nil }
  }
}
