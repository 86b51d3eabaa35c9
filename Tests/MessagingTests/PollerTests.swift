import Foundation
import Glibc
import Testing

@testable import Messaging

@Suite("Poller")
struct PollerTests {
  @Test("A wait ends for the socket, the descriptor or the wake pipe that is ready")
  func eachKind() throws {
    let pair = try Loopback()
    let wakePipe = try WakePipe()
    let childPipe = Pipe()
    let items = [
      pair.router.pollItem, wakePipe.pollItem,
      PollItem(descriptor: childPipe.fileHandleForReading.fileDescriptor),
    ]
    #expect(try Poller.wait(for: items, timeout: .zero) == [[], [], []])

    try pair.dealer.sendWaiting([[1]])
    #expect(try Poller.wait(for: items, timeout: patience) == [.readable, [], []])
    _ = try pair.router.receive()

    wakePipe.wake(7)
    #expect(try Poller.wait(for: items, timeout: patience) == [[], .readable, []])
    #expect(wakePipe.drain() == [7])

    childPipe.fileHandleForWriting.write(Data([1]))
    #expect(try Poller.wait(for: items, timeout: patience) == [[], [], .readable])
    _ = childPipe.fileHandleForReading.availableData

    try childPipe.fileHandleForWriting.close()
    #expect(try Poller.wait(for: items, timeout: patience)[2].contains(.closed))
  }

  @Test("Readiness that was not used is reported again")
  func levelTriggered() throws {
    let pair = try Loopback()
    try pair.dealer.sendWaiting([[1]])
    try pair.dealer.sendWaiting([[2]])
    for _ in 0..<3 {
      #expect(
        try Poller.wait(for: [pair.router.pollItem], timeout: patience) == [.readable])
    }
    _ = try pair.router.receiveWaiting()
    #expect(try Poller.wait(for: [pair.router.pollItem], timeout: patience) == [.readable])
  }

  @Test("A dealer is writable once it is connected, not before")
  func writable() throws {
    let context = try Context()
    let dealer = try DealerSocket(context, options: .loopback)
    let items = [dealer.pollItem(for: [.readable, .writable])]
    #expect(try Poller.wait(for: items, timeout: .zero) == [[]])
    let router = try RouterSocket(context, options: .loopback)
    try dealer.connect(to: try router.bind(to: "tcp://127.0.0.1:*"))
    #expect(try Poller.wait(for: items, timeout: patience) == [.writable])
  }

  @Test("Another thread ends the wait")
  func wokenFromAThread() throws {
    let wakePipe = try WakePipe()
    Thread.detachNewThread { wakePipe.wake(3) }
    #expect(
      try Poller.wait(for: [wakePipe.pollItem], timeout: patience) == [.readable])
    #expect(wakePipe.drain() == [3])
  }

  @Test("Waking never blocks, even if nobody reads")
  func wakeManyTimes() throws {
    let wakePipe = try WakePipe()
    for _ in 0..<300_000 { wakePipe.wake(1) }
    let drained = wakePipe.drain()
    #expect(!drained.isEmpty && drained.allSatisfy { $0 == 1 })
    #expect(wakePipe.drain().isEmpty)
  }

  @Test("A shut down context ends the wait for its sockets with an error")
  func shutDown() throws {
    let context = try Context()
    let router = try RouterSocket(context)
    Thread.detachNewThread { context.shutDown() }
    let error = #expect(throws: MessagingError.self) {
      for _ in 0..<6000 {
        _ = try Poller.wait(for: [router.pollItem], timeout: .milliseconds(100))
      }
    }
    #expect(error?.code == .contextTerminated)
  }
}
