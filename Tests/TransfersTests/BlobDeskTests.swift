import Digests
import Foundation
import TestSupport
import Testing
import Wire

@testable import Transfers

@Suite("Blob desk: the answers of the data connection")
struct BlobDeskTests {
  private let folder: TemporaryFolder
  private let store: BlobStore
  private let files = FileRegistry()

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(folder: folder.file("blobs"), byteCountMaximum: 1 << 20)
  }

  private func desk() -> BlobDesk { BlobDesk(store: store, files: files) }

  @Test("Pieces of a blob are served up to its end, not beyond")
  func fetch() throws {
    let bytes = sampleBytes(100_000)
    let digest = try store.insert(bytes)
    var desk = desk()
    #expect(
      desk.reply(to: .fetch(digest, offset: 10, byteCountMaximum: 5))
        == .chunk(digest, offset: 10, total: 100_000, payload: Array(bytes[10..<15])))
    #expect(
      desk.reply(to: .fetch(digest, offset: 65_536, byteCountMaximum: 65_536))
        == .chunk(digest, offset: 65_536, total: 100_000, payload: Array(bytes[65_536...])))
    #expect(
      desk.reply(to: .fetch(digest, offset: 100_000, byteCountMaximum: 1))
        == .chunk(digest, offset: 100_000, total: 100_000, payload: []))
    #expect(
      desk.reply(to: .fetch(digest, offset: 100_001, byteCountMaximum: 1))
        == .rejected(digest, reason: "offset: found 100001, expected at most 100000"))
  }

  @Test("An unknown blob is reported as missing; a registered file is served from its place")
  func registered() throws {
    let bytes = sampleBytes(10)
    let digest = Digest.of(bytes)
    var desk = desk()
    let request = DataRequest.fetch(digest, offset: 0, byteCountMaximum: 10)
    #expect(desk.reply(to: request) == .missing(digest))
    files.register(try folder.file("archive", holding: bytes), as: digest)
    #expect(desk.reply(to: request) == .chunk(digest, offset: 0, total: 10, payload: bytes))
    try FileManager.default.removeItem(at: folder.file("archive"))
    #expect(desk.reply(to: request) == .missing(digest))
  }

  @Test("An offered blob is requested from its start, piece by piece, then stored")
  func upload() throws {
    let bytes = sampleBytes(100)
    let digest = Digest.of(bytes)
    var desk = desk()
    #expect(desk.reply(to: .offer(digest, byteCount: 100)) == .wanted(digest, offset: 0))
    #expect(
      desk.reply(to: .store(digest, offset: 0, total: 100, payload: Array(bytes[..<60])))
        == .wanted(digest, offset: 60))
    // A repeated piece, and one that is ahead of a lost one.
    #expect(
      desk.reply(to: .store(digest, offset: 0, total: 100, payload: Array(bytes[..<60])))
        == .wanted(digest, offset: 60))
    #expect(
      desk.reply(to: .store(digest, offset: 80, total: 100, payload: Array(bytes[80...])))
        == .wanted(digest, offset: 60))
    #expect(
      desk.reply(to: .store(digest, offset: 60, total: 100, payload: Array(bytes[60...])))
        == .stored(digest))
    try store.verify(digest)
    #expect(desk.reply(to: .offer(digest, byteCount: 100)) == .stored(digest))
  }

  @Test("After a restart, a blob is continued where its pieces end, even without an offer")
  func resumedUpload() throws {
    let bytes = sampleBytes(100)
    let digest = Digest.of(bytes)
    do {
      var desk = desk()
      _ = desk.reply(to: .store(digest, offset: 0, total: 100, payload: Array(bytes[..<60])))
    }
    var desk = desk()
    #expect(
      desk.reply(to: .store(digest, offset: 60, total: 100, payload: Array(bytes[60...])))
        == .stored(digest))
  }

  @Test("Partial data that a crash damaged are requested again, once; wrong bytes are rejected")
  func damagedRemains() throws {
    let bytes = sampleBytes(100)
    let digest = Digest.of(bytes)
    _ = try folder.file(
      "blobs/incoming/\(digest.hexadecimal)", holding: [UInt8](repeating: 0, count: 60))
    var desk = desk()
    #expect(desk.reply(to: .offer(digest, byteCount: 100)) == .wanted(digest, offset: 60))
    #expect(
      desk.reply(to: .store(digest, offset: 60, total: 100, payload: Array(bytes[60...])))
        == .wanted(digest, offset: 0))
    let wrong = sampleBytes(100, seed: 2)
    #expect(
      desk.reply(to: .store(digest, offset: 0, total: 100, payload: wrong))
        == .rejected(digest, reason: "the 100 bytes received have the SHA-256 \(Digest.of(wrong))")
    )
    #expect(
      desk.reply(to: .store(digest, offset: 0, total: 100, payload: bytes)) == .stored(digest))
  }

  @Test("A blob above the limit is rejected, with or without an offer")
  func tooLarge() {
    let digest = Digest.of("large")
    var desk = desk()
    for request in [
      DataRequest.offer(digest, byteCount: .max),
      .store(digest, offset: 0, total: .max, payload: [1]),
    ] {
      guard case .rejected(digest, let reason) = desk.reply(to: request) else {
        Issue.record("expected a rejection")
        continue
      }
      #expect(reason.contains("at most 1048576"))
    }
  }

  @Test("Many uploads at once keep few files open and are all completed")
  func manyUploads() throws {
    var desk = desk()
    let blobs = (0..<100).map { sampleBytes(20, seed: UInt32($0 + 1)) }
    for blob in blobs {
      let piece = Array(blob[..<10])
      #expect(
        desk.reply(to: .store(Digest.of(blob), offset: 0, total: 20, payload: piece))
          == .wanted(Digest.of(blob), offset: 10))
    }
    #expect(desk.openUploadCount == 32)
    for blob in blobs {
      let piece = Array(blob[10...])
      #expect(
        desk.reply(to: .store(Digest.of(blob), offset: 10, total: 20, payload: piece))
          == .stored(Digest.of(blob)))
    }
    #expect(desk.openUploadCount == 0)
  }
}
