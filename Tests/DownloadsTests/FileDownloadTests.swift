import Digests
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Downloads

@Suite("Published files are downloaded")
struct FileDownloadTests {
  private typealias Answer = LoopbackServer.Answer

  private let folder: TemporaryFolder
  private let content: [UInt8]
  private static let name = "images.gz"

  init() throws {
    folder = try TemporaryFolder()
    content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  private var settings: DownloadSettings {
    var settings = DownloadSettings()
    settings.pause = .milliseconds(1)
    settings.fruitlessTries = 3
    settings.stallSeconds = 2
    return settings
  }

  private func file(_ server: LoopbackServer, sized: Bool = true, md5: String? = nil)
    -> PublishedFile
  {
    PublishedFile(
      name: Self.name, addresses: ["\(server.address)/\(Self.name)"],
      byteCount: sized ? content.count : nil,
      checksum: md5.map(Checksum.md5) ?? .sha256(Digest.of(content)))
  }

  private func run(
    _ file: PublishedFile, _ trouble: @escaping (String) -> Void = { _ in }
  ) throws(DownloadError) -> FileDownload.Outcome {
    try FileDownload(file, into: folder.url, settings: settings).run(trouble: trouble)
  }

  private func expectContent(_ outcome: FileDownload.Outcome) throws {
    #expect(try Array(Data(contentsOf: folder.file(Self.name))) == content)
    #expect(try folder.fileNames == [Self.name])
    #expect(outcome.url == folder.file(Self.name))
    #expect(outcome.byteCount == content.count && outcome.digest == Digest.of(content))
  }

  /// The download's error for a server's response.
  private func reason(
    sized: Bool = true, _ answer: @escaping @Sendable (LoopbackServer.Request, Int) -> Answer
  ) throws -> String {
    let server = try LoopbackServer(answer)
    let error = try #require(throws: DownloadError.self) { try run(file(server, sized: sized)) }
    guard case .unavailable(Self.name, let reasons) = error, reasons.count == 1 else {
      Issue.record("found \(error)")
      return ""
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file(Self.name).path))
    return reasons[0].replacing("\(server.address)/\(Self.name) ", with: "")
  }

  @Test("a whole file, once; a second download finds it")
  func whole() throws {
    let content = content
    let server = try LoopbackServer { request, _ in .file(content, request) }
    let progress = Mutex<[DownloadProgress]>([])
    let outcome = try FileDownload(file(server), into: folder.url, settings: settings)
      .run(progress: { step in progress.withLock { $0.append(step) } })
    try expectContent(outcome)
    #expect(outcome.isNew)
    #expect(server.requests.map(\.path) == ["/\(Self.name)"])
    let counts = progress.withLock { $0.map(\.byteCount) }
    #expect(counts == counts.sorted() && counts.last == content.count)
    #expect(try run(file(server)).isNew == false)
    #expect(server.requests.count == 1)
  }

  @Test("MD5 where no SHA-256 is published, and no size; RFC 1321's own examples")
  func md5() throws {
    for (text, digits) in [
      ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
      (
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "57edf4a22be3c955ac49da2e2107b67a"
      ),
    ] {
      var md5 = MD5()
      for byte in text.utf8 { md5.append([byte]) }
      #expect(md5.hexadecimal == digits)
    }
    let content = content
    var md5 = MD5()
    md5.append(content)
    let server = try LoopbackServer { request, _ in .file(content, request) }
    let file = file(server, sized: false, md5: md5.hexadecimal)
    let outcome = try run(file)
    try expectContent(outcome)
    #expect(outcome.verified == .md5(md5.hexadecimal))
    #expect(try run(file).isNew == false)
  }

  @Test("a dropped connection is resumed where it ended", arguments: [true, false])
  func dropped(sized: Bool) throws {
    let content = content
    let server = try LoopbackServer { request, number in
      number < 3
        ? .file(content, request).cut(after: 30_000) : .file(content, request)
    }
    try expectContent(try run(file(server, sized: sized)))
    #expect(server.requests.map(\.start) == [nil, 30_000, 60_000, 90_000])
  }

  @Test("an interrupted download is resumed in the next run")
  func resumed() throws {
    let content = content
    try Data(content.prefix(70_000)).write(to: folder.file(Self.name + ".part"))
    let server = try LoopbackServer { request, _ in .file(content, request) }
    try expectContent(try run(file(server)))
    #expect(server.requests.map(\.start) == [70_000])
  }

  @Test("a complete part is accepted, with known or unknown size", arguments: [true, false])
  func alreadyThere(sized: Bool) throws {
    let content = content
    try Data(content).write(to: folder.file(Self.name + ".part"))
    let server = try LoopbackServer { request, _ in .file(content, request) }
    try expectContent(try run(file(server, sized: sized)))
    #expect(server.requests.count == (sized ? 0 : 1))
  }

  @Test("a download restarts if the server ignores Range")
  func ignoredRange() throws {
    let content = content
    let server = try LoopbackServer { request, number in
      let whole = Answer(headers: ["Content-Length: \(content.count)"], body: content)
      return number == 0 ? whole.cut(after: 40_000) : whole
    }
    try expectContent(try run(file(server)))
    #expect(server.requests.map(\.start) == [nil, 40_000])
  }

  @Test("a server that ignores Range and always drops is given up")
  func hopeless() throws {
    let content = content
    let reason = try reason { _, _ in
      Answer(headers: ["Content-Length: \(content.count)"], body: content).cut(after: 40_000)
    }
    #expect(reason.contains("after 40000 bytes; gave up after 3 tries that brought nothing"))
  }

  @Test("old bytes of another file are discarded once")
  func foreignBytes() throws {
    let content = content
    try Data(repeating: 7, count: 50_000).write(to: folder.file(Self.name + ".part"))
    let server = try LoopbackServer { request, _ in .file(content, request) }
    try expectContent(try run(file(server)))
    #expect(server.requests.map(\.start) == [50_000, nil])
    try FileManager.default.removeItem(at: folder.file(Self.name))
    // More bytes than the file has: no request is sent.
    try Data(repeating: 7, count: 100_001).write(to: folder.file(Self.name + ".part"))
    try expectContent(try run(file(server)))
    #expect(server.requests.map(\.start) == [50_000, nil, nil])
  }

  @Test("a web page in place of the file is recognised, with any content type")
  func page() throws {
    let page = Array("<!DOCTYPE html><html>Please log in</html>".utf8)
    let type = "Content-Type: text/html; charset=utf-8"
    #expect(
      try reason { _, _ in
        Answer(headers: [type, "Content-Length: \(page.count)"], body: page)
      } == "found a web page (text/html), expected the file; is a login in the way?")
    #expect(
      try reason { _, _ in Answer(headers: ["Content-Length: \(page.count)"], body: page) }
        == "announces \(page.count) bytes, expected 100000")
    let digest = Digest.of(content)
    #expect(
      try reason(sized: false) { _, _ in Answer(body: page) }
        == "gave 41 bytes of a web page with sha256 \(Digest.of(page)), expected sha256 \(digest)")
    #expect(
      try Data(contentsOf: folder.file(Self.name + ".part")).isEmpty)
  }

  @Test("a server that lies about the length")
  func length() throws {
    let content = content
    // Announces more than it sends, less than there is, more than is published, none and too much.
    #expect(
      try reason(sized: false) { _, _ in
        Answer(headers: ["Content-Length: 100001"], body: content)
      }.hasSuffix("gave up after 3 tries that brought nothing"))
    try FileManager.default.removeItem(at: folder.file(Self.name + ".part"))
    #expect(
      try reason { _, _ in Answer(headers: ["Content-Length: 99999"], body: content) }
        == "announces 99999 bytes, expected 100000")
    #expect(
      try reason { _, _ in Answer(headers: ["Content-Length: 9000000000000000000"]) }
        == "announces 9000000000000000000 bytes, expected 100000")
    #expect(
      try reason(sized: false) { _, _ in Answer(headers: ["Content-Length: 3000000000"]) }
        .hasPrefix("announces 3000000000 bytes, expected at most"))
    #expect(
      try reason { _, _ in Answer(body: content + [1]) }
        == "sends more than the expected 100000 bytes")
    #expect(
      try reason { _, _ in
        Answer("206 Partial Content", headers: ["Content-Range: bytes 5-9/100000"], body: content)
      } == "answers with a part from byte 5 on, expected byte 0")
  }

  @Test("a file of the right length with a wrong byte is refused and removed")
  func wrongContent() throws {
    var wrong = content
    wrong[50_000] ^= 1
    let (found, expected) = (Digest.of(wrong), Digest.of(content))
    let reason = try reason { [wrong] request, _ in .file(wrong, request) }
    #expect(reason == "gave 100000 bytes with sha256 \(found), expected sha256 \(expected)")
    #expect(try Data(contentsOf: folder.file(Self.name + ".part")).isEmpty)
  }

  @Test("temporary errors are retried, others are not", arguments: [429, 500, 503, 403, 404])
  func status(code: Int) throws {
    let content = content
    let server = try LoopbackServer { request, number in
      number < 2 ? Answer("\(code) No", headers: ["Content-Length: 0"]) : .file(content, request)
    }
    if code == 429 || code >= 500 {
      var troubles: [String] = []
      try expectContent(try run(file(server)) { troubles.append($0) })
      #expect(troubles.count == 2 && troubles[0].hasSuffix("answers with HTTP status \(code)"))
    } else {
      let error = #expect(throws: DownloadError.self) { try run(file(server)) }
      #expect(error?.description.contains("answers with HTTP status \(code)") == true)
      #expect(server.requests.count == 1)
    }
  }

  @Test("redirections are followed, but not to local files and not in cycles")
  func redirections() throws {
    let content = content
    let server = try LoopbackServer { request, _ in
      request.path == "/there"
        ? .file(content, request) : Answer("302 Found", headers: ["Location: /there"])
    }
    try expectContent(try run(file(server)))
    try FileManager.default.removeItem(at: folder.file(Self.name))
    #expect(
      try reason { _, _ in Answer("302 Found", headers: ["Location: file:///etc/passwd"]) }
        .contains("Unsupported protocol"))
    #expect(
      try reason { _, _ in Answer("302 Found", headers: ["Location: /again"]) }
        .contains("redirects"))
  }

  @Test("the next address is tried if one does not have the file or is unreachable")
  func addresses() throws {
    let content = content
    let empty = try LoopbackServer { _, _ in Answer("404 No") }
    let server = try LoopbackServer { request, _ in .file(content, request) }
    var file = file(server)
    file.addresses = ["http://127.0.0.1:1/\(Self.name)", "\(empty.address)/x"] + file.addresses
    var troubles: [String] = []
    try expectContent(try run(file) { troubles.append($0) })
    #expect(troubles.last == "\(empty.address)/x answers with HTTP status 404")
    #expect(file.at(mirror: "http://host/a/").addresses == ["http://host/a/\(Self.name)"])
    #expect(file.at(mirror: "http://host/a").addresses == ["http://host/a/\(Self.name)"])
  }

  @Test("a stalled connection is closed")
  func stalled() throws {
    let content = content
    let server = try LoopbackServer { request, number in
      if number == 0 { Thread.sleep(forTimeInterval: 5) }
      return .file(content, request)
    }
    var troubles: [String] = []
    try expectContent(try run(file(server)) { troubles.append($0) })
    #expect(troubles.count >= 1)
  }

  @Test("two downloads of one file exclude each other")
  func exclusion() throws {
    let content = content
    let server = try LoopbackServer { request, _ in .file(content, request) }
    let partial = try PartialDownload(of: folder.file(Self.name).path)
    withExtendedLifetime(partial) {
      let path = folder.file(Self.name + ".part").path
      #expect(throws: DownloadError.beingDownloaded(path: path)) { try run(file(server)) }
    }
    #expect(server.requests.isEmpty)
  }
}
