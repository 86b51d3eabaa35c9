import Foundation
import Glibc
import Messaging
import TestSupport
import Testing

@testable import CoordinatorService

/// Permitted and refused use of the control socket.
@Suite("The control socket", .serialized)
struct AdministrationServerTests {
  private let temporary: TemporaryFolder
  /// A folder whose path is longer than a socket's address holds.
  private let folder: URL

  init() throws {
    temporary = try TemporaryFolder()
    folder = try temporary.folder(String(repeating: "long", count: 40))
  }

  /// Answers every call with one change, until the server is stopped.
  private func serving(_ body: () throws -> Void) throws {
    let server = try AdministrationServer(folder: folder)
    let thread = Thread { [calls = server.calls] in
      while !Thread.current.isCancelled {
        for call in calls.take() {
          call.answer(AdministrationReply(changes: [call.request.command.rawValue]))
        }
        usleep(1000)
      }
    }
    thread.start()
    defer {
      thread.cancel()
      server.stop()
    }
    try body()
  }

  private func exchange(_ bytes: [UInt8], ending: Bool = false) throws -> String {
    let descriptor = try #require(try ControlSocket.connect(in: folder))
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 600, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { break }
      sent += count
    }
    if ending { shutdown(descriptor, Int32(SHUT_WR)) }
    var received: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !received.contains(UInt8(ascii: "\n")) {
      let count = recv(descriptor, &piece, piece.count, 0)
      if count <= 0 { break }
      received += piece.prefix(count)
    }
    return String(decoding: received, as: UTF8.self)
  }

  @Test("a request is answered, whatever the folder's path, and only its owner may ask")
  func answers() throws {
    try serving {
      let reply = try AdministrationClient.ask(AdministrationRequest(.retry), in: folder)
      #expect(reply?.changes == ["retry"])
      let path = folder.appending(path: ControlSocket.name).path
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
    #expect(try AdministrationClient.ask(AdministrationRequest(.status), in: folder) == nil)
  }

  @Test("bytes that are not a request are answered with an error, and the next request is served")
  func rubbish() throws {
    try serving {
      for text in ["\n", "{}\n", "\u{0}\u{1}\n", #"{"version":2,"command":"explode"}"# + "\n"] {
        #expect(try exchange(Array(text.utf8)).contains("\"error\""), "\(text)")
      }
      #expect(
        try exchange(Array((#"{"version":9,"command":"status"}"# + "\n").utf8))
          .contains("found version 9, expected 2"))
      #expect(try exchange([UInt8](repeating: 0x20, count: 200_000)).contains("longer than"))
      #expect(try exchange(Array("half a requ".utf8), ending: true) == "")
      let deep = String(repeating: "[", count: 60_000) + "\n"
      #expect(try exchange(Array(deep.utf8)).contains("\"error\""))
      let reply = try AdministrationClient.ask(AdministrationRequest(.drain), in: folder)
      #expect(reply?.changes == ["drain"])
    }
  }

  @Test("silent connections do not keep others out")
  func silentPeers() throws {
    try serving {
      var silent: [Int32] = []
      for _ in 0..<100 { silent.append(try #require(try ControlSocket.connect(in: folder))) }
      defer { for descriptor in silent { close(descriptor) } }
      let reply = try AdministrationClient.ask(AdministrationRequest(.cancel), in: folder)
      #expect(reply?.changes == ["cancel"])
    }
  }
}
