import Foundation
import Glibc
import Hummingbird
import NIOCore
import Testing

@testable import DashboardService

@Suite("Deadline of writes", .serialized)
struct WriteDeadlineTests {
  /// More than the system keeps for a reader that takes nothing.
  private static let bodyByteCount = 32 << 20
  private static let limit = TimeAmount.seconds(2)

  /// Runs a server of the dashboard's kind that answers with a big body, and a client of it.
  ///
  /// - Parameter client: Given a connection on which the request was sent; returns how many bytes of
  ///   the body came.
  private func received(by client: @escaping @Sendable (Int32) -> Int) async throws -> Int {
    let router = Router()
    router.get("/") { _, _ in
      Answers.bytes([UInt8](repeating: 7, count: Self.bodyByteCount), "text/plain")
    }
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: router, server: DashboardServer.server(writeTimeout: Self.limit),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) })
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.runService(gracefulShutdownSignals: []) }
      defer { group.cancelAll() }
      var iterator = ports.makeAsyncIterator()
      let number = try #require(await iterator.next())
      return await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          let descriptor = Self.connection(to: number)
          defer { close(descriptor) }
          continuation.resume(returning: client(descriptor))
        }
      }
    }
  }

  /// A connection with a small buffer, on which the request was sent.
  private static func connection(to port: Int) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var byteCount: Int32 = 64 << 10
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &byteCount, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    _ = Array(request.utf8).withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    return descriptor
  }

  /// Reads to the end, a pause after each mebibyte, and counts.
  private static func read(_ descriptor: Int32, pause: TimeInterval) -> Int {
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    var (total, untilPause) = (0, 1 << 20)
    while true {
      let count = recv(descriptor, &piece, piece.count, 0)
      guard count > 0 else { return total }
      total += count
      untilPause -= count
      if untilPause <= 0, pause > 0 {
        untilPause = 1 << 20
        Thread.sleep(forTimeInterval: pause)
      }
    }
  }

  @Test(
    "A browser that reads a large answer slowly gets all of it, also if that takes longer than the deadline"
  )
  func slow() async throws {
    // A busy machine may keep the reader itself from reading for as long as the deadline.
    var count = 0
    for _ in 0..<4 where count <= Self.bodyByteCount {
      count = try await received { Self.read($0, pause: 0.2) }
    }
    #expect(count > Self.bodyByteCount)
  }

  // The server may be late on a busy machine; without a deadline it waits however long it takes.
  @Test("A browser that reads nothing is disconnected at the deadline")
  func hung() async throws {
    var count = Self.bodyByteCount
    for seconds in [8.0, 30, 90] where count >= Self.bodyByteCount {
      count = try await received { descriptor in
        var answer = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&answer, 1, 300_000)
        Thread.sleep(forTimeInterval: seconds)
        return Self.read(descriptor, pause: 0)
      }
    }
    #expect(count < Self.bodyByteCount)
  }
}
