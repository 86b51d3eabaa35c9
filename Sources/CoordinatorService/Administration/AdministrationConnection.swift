import Foundation
import Glibc
import Messaging

/// One peer of the ``AdministrationServer``: its bytes in and out, bounded.
struct AdministrationConnection {
  let descriptor: Int32
  /// Tells it from every other connection, also from one that later has its descriptor.
  let number: Int
  /// Whether a request of it waits for its answer; nothing more is read meanwhile.
  var isWaiting = false
  var isClosed = false
  private var received: [UInt8] = []
  private var unsent = Data()

  /// A connection that was accepted and does not block.
  init(_ descriptor: Int32, number: Int) {
    self.descriptor = descriptor
    self.number = number
  }

  /// What to wait for.
  var interest: Readiness {
    var interest: Readiness = isWaiting ? [] : .readable
    if !unsent.isEmpty { interest.insert(.writable) }
    return interest
  }

  /// Takes in what has arrived.
  mutating func read() {
    var piece = [UInt8](repeating: 0, count: 4096)
    while received.count <= AdministrationRequest.byteCountMaximum {
      let count = recv(descriptor, &piece, piece.count, 0)
      if count > 0 {
        received += piece.prefix(count)
      } else if count == 0 {
        isClosed = true
        return
      } else if errno != EINTR {
        if errno != EAGAIN { isClosed = true }
        return
      }
    }
  }

  /// Takes the next whole line; closes the connection when it is too long.
  mutating func takeLine() -> [UInt8]? {
    if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
      defer { received.removeFirst(end + 1) }
      return Array(received[..<end])
    }
    if received.count > AdministrationRequest.byteCountMaximum {
      reply(
        .refusal(
          AdministrationError(
            "the request is longer than \(AdministrationRequest.byteCountMaximum) bytes")))
      isClosed = true
    }
    return nil
  }

  /// Sends a reply, as far as the peer takes it now.
  mutating func reply(_ reply: AdministrationReply) {
    isWaiting = false
    unsent.append(reply.line)
    flush()
  }

  /// Sends more of what is to be sent.
  mutating func flush() {
    while !unsent.isEmpty {
      let count = unsent.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        unsent = unsent.dropFirst(count)
      } else if errno != EINTR {
        if errno != EAGAIN { isClosed = true }
        return
      }
    }
  }

  func close() { Glibc.close(descriptor) }
}
