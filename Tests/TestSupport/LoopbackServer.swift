import Foundation
import Glibc
import Synchronization

/// An HTTP server for one test that answers as it is told, wrongly too.
///
/// Reachable on this host only; one connection at a time, one request on each.
package final class LoopbackServer: Sendable {
  /// What a client asked for.
  package struct Request: Hashable, Sendable {
    /// Path of the file, with a slash before it.
    package let path: String
    /// The first byte wanted, of a request with `Range: bytes=N-`.
    package let start: Int?
  }

  /// What the server sends before it closes the connection.
  package struct Answer: Sendable {
    package var status: String
    package var headers: [String]
    package var body: [UInt8]

    /// An answer whose headers tell no length.
    package init(_ status: String = "200 OK", headers: [String] = [], body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    /// A proper answer with `content`, or the part of it that was asked for.
    package static func file(_ content: [UInt8], _ request: Request) -> Answer {
      guard let start = request.start else {
        return Answer(headers: ["Content-Length: \(content.count)"], body: content)
      }
      guard start < content.count else {
        return Answer(
          "416 Range Not Satisfiable",
          headers: ["Content-Range: bytes */\(content.count)", "Content-Length: 0"])
      }
      return Answer(
        "206 Partial Content",
        headers: [
          "Content-Length: \(content.count - start)",
          "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)",
        ], body: Array(content[start...]))
    }

    /// The same, the connection being closed after so many bytes of the body.
    package func cut(after count: Int) -> Answer {
      Answer(status, headers: headers, body: Array(body.prefix(count)))
    }
  }

  /// `http://127.0.0.1:PORT`.
  package let address: String

  private let listener: Int32
  private let log = Log()

  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// Starts the server.
  ///
  /// - Parameter answer: Gets each request and its number, from 0 on; called on another thread.
  package init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
    // A proxy of the environment could not reach this host.
    setenv("no_proxy", "127.0.0.1", 1)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
    guard listener >= 0, isBound else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    Thread.detachNewThread { [log] in
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { break }
        if let request = Self.request(on: connection) {
          let number = log.requests.withLock { requests in
            requests.append(request)
            return requests.count - 1
          }
          Self.send(answer(request, number), on: connection)
        }
        close(connection)
      }
      close(listener)
    }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// What was asked for so far.
  package var requests: [Request] { log.requests.withLock { $0 } }

  private static func request(on connection: Int32) -> Request? {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.contains("\r\n\r\n") {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      text += String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    let lines = text.components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3, words[0] == "GET" else { return nil }
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
    return Request(
      path: String(words[1]),
      start: range.flatMap { Int($0.dropFirst("range: bytes=".count).dropLast()) })
  }

  private static func send(_ answer: Answer, on connection: Int32) {
    let head = (["HTTP/1.1 \(answer.status)"] + answer.headers + ["Connection: close", "", ""])
      .joined(separator: "\r\n")
    let bytes = Array(head.utf8) + answer.body
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(
          connection, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
    // What the client has not read yet must not be thrown away by a reset.
    shutdown(connection, Int32(SHUT_WR))
    var rest = [UInt8](repeating: 0, count: 4096)
    while recv(connection, &rest, rest.count, 0) > 0 {}
  }
}
