import Foundation
import Testing

@testable import Messaging

@Suite("Sockets")
struct SocketTests {
  @Test("A bound socket reports its actual port, and messages go both ways")
  func roundTrip() throws {
    let pair = try Loopback()
    #expect(try Endpoint(pair.endpoint).port != nil)
    try pair.dealer.sendWaiting([[1, 2], [], [3]])
    let message = try pair.router.receiveWaiting()
    #expect(message.frames == [[1, 2], [], [3]])
    #expect(message.peerAddress?.contains("127.0.0.1") == true)
    #expect(try pair.router.send([[4], [5, 6]], to: message.routingID) == .sent)
    #expect(try pair.dealer.receiveWaiting() == [[4], [5, 6]])
  }

  @Test(
    "All interfaces, IPv4, IPv6 and local sockets can be bound",
    arguments: [
      "tcp://*:0", "tcp://*:*", "tcp://0.0.0.0:*", "tcp://[::1]:*", "ipc",
    ])
  func transports(endpoint: String) throws {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID()).ipc"
    let pair = try Loopback(endpoint: endpoint == "ipc" ? "ipc://\(path)" : endpoint)
    try pair.dealer.sendWaiting([[7]])
    #expect(try pair.router.receiveWaiting().frames == [[7]])
  }

  @Test("A second socket cannot take a port that is in use")
  func addressInUse() throws {
    let context = try Context()
    let first = try RouterSocket(context)
    let endpoint = try first.bind(to: "tcp://127.0.0.1:*")
    let second = try RouterSocket(context)
    do {
      _ = try second.bind(to: endpoint)
      Issue.record("expected a refusal")
    } catch {
      #expect(error.code == .addressInUse)
      #expect(error.description.contains(endpoint))
    }
  }

  @Test("A message to a peer that was never there or has gone is unreachable, not lost")
  func unreachable() throws {
    let context = try Context()
    let router = try RouterSocket(context, options: .loopback)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    #expect(try router.send([[1]], to: [0, 9, 9, 9, 9]) == .unreachable)

    var routingID: [UInt8] = []
    do {
      let dealer = try DealerSocket(context, options: .loopback)
      try dealer.connect(to: endpoint)
      try dealer.sendWaiting([[1]])
      routingID = try router.receiveWaiting().routingID
      #expect(try router.send([[2]], to: routingID) == .sent)
    }
    try waiting { try router.send([[3]], to: routingID) == .unreachable ? () : nil }
  }

  @Test("A dealer without a connection accepts no messages")
  func noConnection() throws {
    let dealer = try DealerSocket(try Context(), options: .loopback)
    try dealer.connect(to: "tcp://127.0.0.1:9")
    #expect(try dealer.send([[1]]) == .full)
  }

  @Test("A peer that does not read fills its queue, then it is full; nothing blocks")
  func fullQueue() throws {
    var options = SocketOptions.loopback
    options.sendQueueCountMaximum = 4
    options.receiveQueueCountMaximum = 4
    let pair = try Loopback(routerOptions: options, dealerOptions: options)
    let frame = [UInt8](repeating: 0, count: 200_000)
    var sentCount = 0
    var refusalCount = 0
    // The kernel's buffers fill in their own time: full is what stays full.
    while refusalCount < 20 {
      switch try pair.router.send([frame, frame], to: pair.routingID) {
      case .sent: (sentCount, refusalCount) = (sentCount + 1, 0)
      case .full:
        refusalCount += 1
        _ = try Poller.wait(for: [], timeout: .milliseconds(5))
      case .unreachable: throw NothingCame()
      }
      try #require(sentCount < 10_000)
    }
    for _ in 0..<sentCount { #expect(try pair.dealer.receiveWaiting().count == 2) }
    try waiting { try pair.router.send([[9]], to: pair.routingID) == .sent ? () : nil }
    #expect(try pair.dealer.receiveWaiting() == [[9]])
  }

  @Test("A dealer whose queue was full continues with whole messages")
  func fullDealer() throws {
    var options = SocketOptions.loopback
    options.sendQueueCountMaximum = 2
    options.receiveQueueCountMaximum = 2
    let pair = try Loopback(routerOptions: options, dealerOptions: options)
    let frame = [UInt8](repeating: 0, count: 200_000)
    var sentCount = 0
    while try pair.dealer.send([frame, [UInt8(sentCount % 256)], frame]) == .sent {
      sentCount += 1
    }
    for index in 0..<sentCount {
      let message = try pair.router.receiveWaiting()
      #expect(message.frames.map(\.count) == [200_000, 1, 200_000])
      #expect(message.frames[1] == [UInt8(index % 256)])
    }
    try pair.dealer.sendWaiting([[1], [2]])
    #expect(try pair.router.receiveWaiting().frames == [[1], [2]])
  }

  @Test("A frame above the limit is refused before it is sent")
  func tooLargeToSend() throws {
    let pair = try Loopback()
    let frame = [UInt8](repeating: 0, count: (256 << 10) + 1)
    #expect {
      try pair.dealer.send([frame])
    } throws: {
      ($0 as? MessagingError)?.code == .messageTooLarge
    }
    #expect(try pair.dealer.send([Array(frame.dropLast())]) == .sent)
    #expect(try pair.router.receiveWaiting().frames[0].count == 256 << 10)
  }

  @Test("A peer that sends a frame above the limit is disconnected, and the socket continues")
  func oversizedFrame() throws {
    let context = try Context()
    let router = try RouterSocket(context, options: .loopback)
    let monitor = try router.monitor()
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    var lax = SocketOptions.loopback
    lax.frameByteCountMaximum = 1 << 20
    let dealer = try DealerSocket(context, options: lax)
    try dealer.connect(to: endpoint)
    try dealer.sendWaiting([[UInt8](repeating: 0, count: (256 << 10) + 1)])
    try waiting { try monitor.next()?.kind == .disconnected ? () : nil }
    try dealer.sendWaiting([[1]])
    #expect(try router.receiveWaiting().frames == [[1]])
  }

  @Test("A message of too many frames is dropped and counted, the next one is received")
  func tooManyFrames() throws {
    var lax = SocketOptions.loopback
    lax.frameCountMaximum = 1000
    let pair = try Loopback(dealerOptions: lax)
    try pair.dealer.sendWaiting(Array(repeating: [0], count: 9))
    try pair.dealer.sendWaiting(Array(repeating: [0], count: 1000))
    try pair.dealer.sendWaiting(Array(repeating: [1], count: 8))
    #expect(try pair.router.receiveWaiting().frames == Array(repeating: [1], count: 8))
    #expect(pair.router.droppedMessageCount == 2)
  }

  @Test("A dealer finds a server that comes back at the same endpoint")
  func reconnect() throws {
    let context = try Context()
    let dealer = try DealerSocket(context, options: .loopback)
    var endpoint = "tcp://127.0.0.1:*"
    for round in 0..<2 {
      let router = try RouterSocket(context, options: .loopback)
      endpoint = try waiting { try? router.bind(to: endpoint) }
      if round == 0 { try dealer.connect(to: endpoint) }
      // What was queued when the first server went is lost, or arrives at the second.
      let message = try waiting {
        _ = try dealer.send([[UInt8(round)]])
        return try router.receive().flatMap { $0.frames == [[UInt8(round)]] ? $0 : nil }
      }
      #expect(try router.send([[9]], to: message.routingID) == .sent)
      try waiting { try dealer.receive() == [[9]] ? () : nil }
    }
  }

  @Test("Each connection has its own routing id")
  func freshRoutingIDs() throws {
    let context = try Context()
    let router = try RouterSocket(context, options: .loopback)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    var seen: Set<[UInt8]> = []
    for _ in 0..<5 {
      let dealer = try DealerSocket(context, options: .loopback)
      try dealer.connect(to: endpoint)
      try dealer.sendWaiting([[1]])
      seen.insert(try router.receiveWaiting().routingID)
    }
    #expect(seen.count == 5)
  }

  @Test("After a context is shut down, operations of its sockets throw")
  func shutDown() throws {
    let context = try Context()
    let router = try RouterSocket(context)
    context.shutDown()
    #expect {
      try router.receive()
    } throws: {
      ($0 as? MessagingError)?.code == .contextTerminated
    }
  }

  @Test("Use on a second thread traps")
  func secondThread() async {
    await #expect(processExitsWith: .failure) {
      let router = try RouterSocket(try Context())
      _ = try router.receive()
      let item = router.pollItem
      nonisolated(unsafe) let elsewhere = item
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        _ = try? Poller.wait(for: [elsewhere], timeout: .zero)
        done.signal()
      }
      done.wait()
    }
  }

  @Test("A socket may be set up here and used on another thread")
  func handedOver() throws {
    let context = try Context()
    let router = try RouterSocket(context, options: .loopback)
    let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
    let thread = Thread {
      guard let dealer = try? DealerSocket(context, options: .loopback) else { return }
      try? dealer.connect(to: endpoint)
      try? dealer.sendWaiting([[42]])
    }
    thread.start()
    #expect(try router.receiveWaiting().frames == [[42]])
  }
}
