import Benches
import Foundation
import Messaging
import Trials
import Wire

/// An admitted peer that attacks the coordinator.
final class HostileMember {
  private let context: Context
  private let endpoint: Endpoint
  private let security: SocketSecurity

  init(_ endpoint: Endpoint, security: SocketSecurity) throws {
    context = try Context()
    self.endpoint = endpoint
    self.security = security
  }

  private func dealer(_ endpoint: Endpoint) throws -> DealerSocket {
    // Allow the socket to send frames that the coordinator must refuse.
    var options = SocketOptions(frameByteCountMaximum: 1 << 20).with(security)
    options.frameCountMaximum = 64
    options.reconnectInterval = .milliseconds(5)
    options.reconnectIntervalMaximum = .milliseconds(50)
    // Send what is still queued when an attack ends.
    options.linger = .seconds(10)
    let dealer = try DealerSocket(context, options: options)
    try dealer.connect(to: endpoint.description)
    return dealer
  }

  /// Asks for the port of the data connection, with a valid request.
  func dataPort() throws -> UInt16 {
    let dealer = try dealer(endpoint)
    let request = try AccessRequest.inquiry(productVersion: ProductVersion.current).frames()
    let deadline = ContinuousClock.now + .seconds(60)
    var sendAt = ContinuousClock.now
    while ContinuousClock.now < deadline {
      if ContinuousClock.now >= sendAt, try dealer.send(request) == .sent {
        sendAt = ContinuousClock.now + .seconds(5)
      }
      _ = try Poller.wait(for: [dealer.pollItem()], timeout: .milliseconds(50))
      while let frames = try dealer.receive() {
        if case .introduction(let introduction) = try? AccessReply(frames: frames) {
          return introduction.dataPort
        }
      }
    }
    throw BenchmarkError("\(endpoint): the coordinator did not answer in 60 s")
  }

  /// Sends messages on the control connection; returns how many.
  func attackControl(_ count: Int, seed: UInt64) throws -> Int {
    var frames = try HostileFrames.control(seed: seed)
    return try attack(count, try dealer(endpoint)) { frames.next() }
  }

  /// Sends messages on the data connection; returns how many.
  func attackData(_ count: Int, port: UInt16, seed: UInt64) throws -> Int {
    var frames = try HostileFrames.data(seed: seed)
    return try attack(count, try dealer(.tcp(host: "127.0.0.1", port: port))) { frames.next() }
  }

  /// Sends false messages about other workers' trials on the control connection; returns how many.
  func lie(_ count: Int, about trials: [TrialID], seed: UInt64) throws -> Int {
    var frames = LyingFrames(about: trials, seed: seed)
    return try attack(count, try dealer(endpoint)) { try frames.next() }
  }

  /// Takes leases and answers each with a false message, until no lease arrives for three seconds;
  /// returns how many leases it got.
  func takeLeases(as worker: String, seed: UInt64) throws -> Int {
    var answers = LyingFrames(about: [], seed: seed)
    let dealer = try dealer(endpoint)
    var answered: Set<AttemptKey> = []
    var announceAt = ContinuousClock.now
    var deadline = ContinuousClock.now + .seconds(6)
    while ContinuousClock.now < deadline {
      if ContinuousClock.now >= announceAt {
        _ = try dealer.send(LyingFrames.announcement(of: worker, claims: []).frames())
        announceAt = ContinuousClock.now + .seconds(1)
      }
      _ = try Poller.wait(for: [dealer.pollItem()], timeout: .milliseconds(50))
      while let frames = try dealer.receive() {
        guard case .assignment(let assignment)? = try? CoordinatorMessage(frames: frames) else {
          continue
        }
        _ = try dealer.send(answers.answer(to: assignment.attempt))
        if answered.insert(assignment.attempt).inserted {
          deadline = ContinuousClock.now + .seconds(3)
        }
      }
    }
    return answered.count
  }

  /// Sends and offers blobs without a lease on the data connection; returns how many.
  func store(_ count: Int, port: UInt16, seed: UInt64) throws -> Int {
    var blobs = UnwantedBlobs(seed: seed)
    return try attack(count, try dealer(.tcp(host: "127.0.0.1", port: port))) { try blobs.next() }
  }

  private func attack(
    _ count: Int, _ dealer: consuming DealerSocket, _ next: () throws -> [[UInt8]]
  ) throws -> Int {
    let dealer = dealer
    var sent = 0
    while sent < count {
      let deadline = ContinuousClock.now + .seconds(60)
      let message = try next()
      while try dealer.send(message) != .sent {
        guard ContinuousClock.now < deadline else {
          throw BenchmarkError("after \(sent) messages the coordinator accepted none for 60 s")
        }
        // The queue is full, or the socket is reconnecting.
        _ = try Poller.wait(
          for: [dealer.pollItem(for: [.readable, .writable])], timeout: .milliseconds(20))
        while try dealer.receive() != nil {}
      }
      sent += 1
      if sent.isMultiple(of: 64) { while try dealer.receive() != nil {} }
    }
    return sent
  }
}
