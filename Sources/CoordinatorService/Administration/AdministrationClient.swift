import Files
import Foundation
import Glibc

/// Sends requests to the coordinator that runs a sweep.
package enum AdministrationClient {
  /// Seconds that the coordinator may take to answer.
  private static let patience = 60

  /// Sends a request and returns the reply; nil when no coordinator listens in the folder.
  ///
  /// - Throws: `FileError` if the socket may not be used, ``AdministrationError`` if no valid
  ///   answer comes.
  package static func ask(
    _ request: AdministrationRequest, in folder: URL
  ) throws -> AdministrationReply? {
    guard let descriptor = try ControlSocket.connect(in: folder) else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: patience, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    var unsent = try JSONEncoder().encode(request)
    unsent.append(UInt8(ascii: "\n"))
    while !unsent.isEmpty {
      let count = unsent.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw AdministrationError("the coordinator closed the connection") }
      unsent = unsent.dropFirst(count)
    }
    return try AdministrationReply(line: try receiveLine(descriptor))
  }

  private static func receiveLine(_ descriptor: Int32) throws -> Data {
    var received = Data()
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while received.last != UInt8(ascii: "\n") {
      let count = recv(descriptor, &piece, piece.count, 0)
      if count > 0 {
        received.append(contentsOf: piece.prefix(count))
        guard received.count <= AdministrationReply.byteCountMaximum else {
          throw AdministrationError("the coordinator's answer is too long")
        }
      } else if count == 0 {
        throw AdministrationError("the coordinator ended before it answered")
      } else if errno != EINTR {
        throw AdministrationError("the coordinator does not answer within \(patience) s")
      }
    }
    return received
  }
}
