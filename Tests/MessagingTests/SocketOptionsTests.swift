import CZeroMQ
import Testing

@testable import Messaging

/// One option of a socket, asked back from libzmq.
private func option(_ option: Int32, of handle: SocketHandle) throws -> Int32 {
  try handle.number(option, "option \(option)", as: Int32.self)
}

@Suite("Socket options")
struct SocketOptionsTests {
  @Test("libzmq has every limit and time of the options")
  func allOptionsAreSet() throws {
    let context = try Context()
    var options = SocketOptions.control
    options.sendQueueCountMaximum = 17
    options.receiveQueueCountMaximum = 19
    let router = try RouterSocket(context, options: options)
    let expected: [(Int32, Int32)] = [
      (ZMQ_SNDHWM, 17), (ZMQ_RCVHWM, 19), (ZMQ_LINGER, 1000), (ZMQ_HANDSHAKE_IVL, 5000),
      (ZMQ_CONNECT_TIMEOUT, 10_000), (ZMQ_RECONNECT_IVL_MAX, 10_000),
      (ZMQ_HEARTBEAT_IVL, 10_000), (ZMQ_HEARTBEAT_TIMEOUT, 30_000), (ZMQ_HEARTBEAT_TTL, 60_000),
      (ZMQ_BACKLOG, 1024), (ZMQ_IPV6, 1),
    ]
    for (number, value) in expected {
      #expect(try option(number, of: router.handle) == value, "option \(number)")
    }
    let limit = try router.handle.number(ZMQ_MAXMSGSIZE, "ZMQ_MAXMSGSIZE", as: Int64.self)
    #expect(limit == 256 << 10)
  }

  @Test("Data sockets accept frames of at most 128 kB")
  func dataLimit() throws {
    let dealer = try DealerSocket(try Context(), options: .data)
    let limit = try dealer.handle.number(ZMQ_MAXMSGSIZE, "ZMQ_MAXMSGSIZE", as: Int64.self)
    #expect(limit == 128 << 10)
    #expect(try option(ZMQ_IMMEDIATE, of: dealer.handle) == 1)
  }

  @Test("The pause before reconnecting is drawn once for the process, from 0.5 s to 2 s")
  func reconnectInterval() throws {
    let drawn = SocketOptions.control.reconnectInterval
    #expect(SocketOptions.data.reconnectInterval == drawn)
    #expect((Duration.milliseconds(500)...Duration.milliseconds(2000)).contains(drawn))
    let dealer = try DealerSocket(try Context())
    #expect(
      try option(ZMQ_RECONNECT_IVL, of: dealer.handle) == Int32(drawn / .milliseconds(1)))
  }

  @Test("A value that libzmq refuses is an error that names option and value")
  func refusedOption() throws {
    var options = SocketOptions.control
    options.heartbeatTimeToLive = .seconds(10_000_000)
    let context = try Context()
    do {
      _ = try RouterSocket(context, options: options)
      Issue.record("expected a refusal")
    } catch {
      #expect(error.code == .invalidArgument)
      #expect(error.description.contains("ZMQ_HEARTBEAT_TTL"))
    }
  }

  @Test(
    "Durations become milliseconds, rounded up",
    arguments: [
      (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2),
      (.seconds(3600), 3_600_000), (.seconds(Int64.max), Int.max),
    ])
  func milliseconds(duration: Duration, expected: Int) {
    #expect(duration.wholeMilliseconds == expected)
  }
}
