import Foundation
import Glibc
import Messaging

/// One connection of the ``AdministrationServer``, with bounded buffers.
struct AdministrationConnection {
  let descriptor: Int32
  /// Unique number; descriptors are reused.
  let number: Int
  /// Whether a request waits for its answer; nothing is read until then.
  var isWaiting = false
  var isClosed = false
  private var received: [UInt8] = []
  private var unsent = Data()

  /// Wraps an accepted, non-blocking descriptor.
  init(_ descriptor: Int32, number: Int) {
    self.descriptor = descriptor
    self.number = number
  }

  /// The readiness to poll for.
  var interest: Readiness {
    var interest: Readiness = isWaiting ? [] : .readable
    if !unsent.isEmpty { interest.insert(.writable) }
    return interest
  }

  /// Reads what has arrived.
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

  /// Takes the next whole line; closes the connection if the line is too long.
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

  /// Sends a reply, as far as the socket accepts it now.
  mutating func reply(_ reply: AdministrationReply) {
    isWaiting = false
    unsent.append(reply.line)
    flush()
  }

  /// Sends buffered bytes.
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
