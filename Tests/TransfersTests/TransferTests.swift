import Digests
import Foundation
import Messaging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Transfers

@Suite("Transfers over loopback")
struct TransferTests {
  private let folder: TemporaryFolder
  private let fixture: ServerFixture

  init() throws {
    folder = try TemporaryFolder()
    fixture = try ServerFixture()
  }

  @Test("A blob is fetched completely", arguments: edgeSizes)
  func fetch(count: Int) throws {
    let bytes = sampleBytes(count)
    let digest = try fixture.store.insert(bytes)
    let client = try fixture.client()
    var last = 0
    try client.fetch(digest, byteCount: count, to: folder.file("blob")) {
      #expect($0 > last)
      last = $0
    }
    #expect(last == count)
    #expect(try Data(contentsOf: folder.file("blob")) == Data(bytes))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["blob"])
  }

  @Test("A file is uploaded completely", arguments: edgeSizes)
  func upload(count: Int) throws {
    let bytes = sampleBytes(count)
    let client = try fixture.client()
    var last = 0
    try client.upload(try folder.file("source", holding: bytes), digest: Digest.of(bytes)) {
      last = $0
    }
    #expect(last == count)
    #expect(try Data(contentsOf: fixture.store.url(for: Digest.of(bytes))) == Data(bytes))
  }

  @Test("A blob that exists already is not transferred again")
  func nothingTwice() throws {
    let bytes = sampleBytes(200_000)
    let digest = try fixture.store.insert(bytes)
    let client = try fixture.client()
    try client.fetch(digest, byteCount: bytes.count, to: folder.file("blob"))
    try client.fetch(digest, byteCount: bytes.count, to: folder.file("blob"))
    #expect(fixture.server.statistics.servedByteCount == bytes.count)
    var calls: [Int] = []
    try client.upload(folder.file("blob"), digest: digest) { calls.append($0) }
    #expect(calls == [bytes.count])
  }

  @Test("A damaged file is fetched again")
  func damagedFile() throws {
    let bytes = sampleBytes(200_000)
    let digest = try fixture.store.insert(bytes)
    let file = try folder.file("blob", holding: sampleBytes(200_000, seed: 2))
    try fixture.client().fetch(digest, byteCount: bytes.count, to: file)
    #expect(try Data(contentsOf: file) == Data(bytes))
  }

  @Test("An interrupted fetch continues where it ended")
  func resumedFetch() throws {
    let bytes = sampleBytes(3_000_000)
    let digest = try fixture.store.insert(bytes)
    let file = folder.file("blob")
    let cancellation = try Cancellation()
    var cutAt = 0
    #expect(throws: TransferError.cancelled) {
      try fixture.client().fetch(
        digest, byteCount: bytes.count, to: file, cancellation: cancellation
      ) {
        cutAt = $0
        if $0 > 1_000_000 { cancellation.cancel() }
      }
    }
    #expect(cutAt > 1_000_000 && cutAt < bytes.count)
    #expect(!FileManager.default.fileExists(atPath: file.path))
    var first: Int?
    try fixture.client().fetch(digest, byteCount: bytes.count, to: file) {
      if first == nil { first = $0 }
    }
    #expect(first == min(cutAt + 65_536, bytes.count))
    #expect(try Data(contentsOf: file) == Data(bytes))
  }

  @Test("An interrupted upload continues where it ended")
  func resumedUpload() throws {
    let bytes = sampleBytes(3_000_000)
    let digest = Digest.of(bytes)
    let file = try folder.file("source", holding: bytes)
    let cancellation = try Cancellation()
    var cutAt = 0
    #expect(throws: TransferError.cancelled) {
      try fixture.client().upload(file, digest: digest, cancellation: cancellation) {
        cutAt = $0
        if $0 > 1_000_000 { cancellation.cancel() }
      }
    }
    #expect(cutAt > 1_000_000)
    var first: Int?
    try fixture.client().upload(file, digest: digest) { if first == nil { first = $0 } }
    #expect(try #require(first) >= cutAt)
    #expect(try Data(contentsOf: fixture.store.url(for: digest)) == Data(bytes))
  }

  @Test("Partial data that are not the blob's start are discarded and fetched again")
  func damagedRemains() throws {
    let bytes = sampleBytes(300_000)
    let digest = try fixture.store.insert(bytes)
    _ = try folder.file("blob.partial", holding: [UInt8](repeating: 0, count: 100_000))
    try fixture.client().fetch(digest, byteCount: bytes.count, to: folder.file("blob"))
    #expect(try Data(contentsOf: folder.file("blob")) == Data(bytes))
  }

  @Test("Transfers survive a restart of the server, in both directions", arguments: [true, false])
  func serverRestart(isUpload: Bool) throws {
    let bytes = sampleBytes(3_000_000)
    let digest = Digest.of(bytes)
    let source = try folder.file("source", holding: bytes)
    if !isUpload { fixture.server.files.register(source, as: digest) }
    let client = try fixture.client()
    let endpoint = fixture.server.endpoint
    var second: BlobServer?
    let restart: (Int) -> Void = { [fixture] in
      guard $0 > 1_000_000, second == nil else { return }
      fixture.server.stop()
      for _ in 0..<100_000 where second == nil {
        second = try? BlobServer(
          fixture.context, endpoint: endpoint, store: fixture.store,
          files: fixture.server.files, options: .quickData)
        if second == nil { _ = try? Poller.wait(for: [], timeout: .milliseconds(5)) }
      }
    }
    if isUpload {
      try client.upload(source, digest: digest, progress: restart)
      try fixture.store.verify(digest)
    } else {
      try client.fetch(
        digest, byteCount: bytes.count, to: folder.file("blob"), progress: restart)
      #expect(try Data(contentsOf: folder.file("blob")) == Data(bytes))
    }
    #expect(second != nil)
    second?.stop()
  }

  @Test("A file with another digest than stated is rejected")
  func wrongDigest() throws {
    let file = try folder.file("source", holding: sampleBytes(100_000))
    let digest = Digest.of("something else")
    #expect {
      try fixture.client().upload(file, digest: digest)
    } throws: {
      guard case .rejected(digest, let reason) = $0 as? TransferError else { return false }
      return reason.contains("100000 bytes received")
    }
    #expect(!fixture.store.contains(digest))
  }

  @Test("Bytes from a server that do not have the digest are noticed")
  func wrongBytesServed() throws {
    let digest = Digest.of("something else")
    fixture.server.files.register(
      try folder.file("source", holding: sampleBytes(100_000)), as: digest)
    #expect {
      try fixture.client().fetch(digest, byteCount: 100_000, to: folder.file("blob"))
    } throws: {
      if case .digestMismatch = $0 as? TransferError { true } else { false }
    }
    #expect(throws: TransferError.sizeMismatch(digest, expected: 99_999, found: 100_000)) {
      try fixture.client().fetch(digest, byteCount: 99_999, to: folder.file("blob"))
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("blob").path))
  }

  @Test("An unknown blob is reported as missing")
  func missing() throws {
    let digest = Digest.of("unknown")
    #expect(throws: TransferError.missing(digest)) {
      try fixture.client().fetch(digest, byteCount: 5, to: folder.file("blob"))
    }
    #expect(fixture.server.statistics.missingCount == 1)
  }

  @Test("Two clients fetch one blob at the same time")
  func twoClients() throws {
    let bytes = sampleBytes(2_000_000)
    let digest = try fixture.store.insert(bytes)
    let files = (0..<2).map { folder.file("blob\($0)") }
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { [fixture] index in
      do {
        try fixture.client().fetch(digest, byteCount: bytes.count, to: files[index])
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    for file in files { #expect(try Data(contentsOf: file) == Data(bytes)) }
  }

  @Test("Two clients upload one blob at the same time")
  func twoUploads() throws {
    let bytes = sampleBytes(2_000_000)
    let digest = Digest.of(bytes)
    let file = try folder.file("source", holding: bytes)
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { [fixture] _ in
      do {
        try fixture.client().upload(file, digest: digest)
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    try fixture.store.verify(digest)
  }

  @Test("Without a server a transfer fails after its stall timeout")
  func stalled() throws {
    var settings = TransferSettings.quick
    settings.stallTimeout = .milliseconds(200)
    let client = try BlobClient(
      fixture.context, endpoint: "tcp://127.0.0.1:9", settings: settings, options: .quickData)
    let digest = Digest.of("x")
    #expect(throws: TransferError.stalled(digest, after: .milliseconds(200))) {
      try client.fetch(digest, byteCount: 5, to: folder.file("blob"))
    }
    #expect(throws: TransferError.stalled(digest, after: .milliseconds(200))) {
      try client.upload(try folder.file("x", holding: [1]), digest: digest)
    }
  }

  @Test("A cancellation from another thread ends the wait for an unreachable server")
  func cancelledWhileWaiting() throws {
    let client = try BlobClient(
      fixture.context, endpoint: "tcp://127.0.0.1:9", options: .quickData)
    let cancellation = try Cancellation()
    Thread.detachNewThread { cancellation.cancel() }
    #expect(throws: TransferError.cancelled) {
      try client.fetch(
        Digest.of("x"), byteCount: 5, to: folder.file("blob"), cancellation: cancellation)
    }
    #expect(cancellation.isCancelled)
  }

  @Test("Invalid requests are counted and do not affect others")
  func unreadableFrames() throws {
    let dealer = try DealerSocket(fixture.context, options: .quickData)
    try dealer.connect(to: fixture.server.endpoint)
    let bad: [[[UInt8]]] = [
      [[]], [[1, 2, 3]], [Array("BNSW".utf8) + [1, 0, 0, 0], [0xFF]],
      [Array("BNSW".utf8) + [9, 0, 0, 0], []],
    ]
    for frames in bad {
      while try dealer.send(frames) != .sent {
        _ = try Poller.wait(for: [dealer.pollItem(for: .writable)], timeout: .seconds(1))
      }
    }
    let bytes = sampleBytes(10)
    try fixture.client().upload(
      try folder.file("source", holding: bytes), digest: Digest.of(bytes))
    for _ in 0..<100_000 where fixture.server.statistics.unreadableCount < bad.count {
      _ = try Poller.wait(for: [], timeout: .milliseconds(5))
    }
    #expect(fixture.server.statistics.unreadableCount == bad.count)
    #expect(fixture.server.statistics.failure == nil)
  }
}

@Suite("Credit window")
struct CreditWindowTests {
  @Test(
    "The window grows with every answer, shrinks after a timeout, and requests become less frequent"
  )
  func pace() {
    var settings = TransferSettings()
    settings.pieceCountMaximum = 4
    settings.retryInterval = .seconds(5)
    settings.stallTimeout = .seconds(100)
    let start = ContinuousClock.now
    var window = CreditWindow(settings, at: start)
    #expect(window.pieceCount == 2)
    for second in 1...5 { window.noteProgress(at: start + .seconds(second)) }
    #expect(window.pieceCount == 4)
    #expect(window.patience(at: start + .seconds(5)) == .seconds(5))
    let retries = [9, 10, 19, 20].map { window.takeRetry(at: start + .seconds($0)) }
    #expect(retries == [false, true, false, true])
    #expect(window.pieceCount == 1)
    #expect(!window.isStalled(at: start + .seconds(104)))
    #expect(window.isStalled(at: start + .seconds(105)))
    window.noteProgress(at: start + .seconds(106))
    #expect(!window.isStalled(at: start + .seconds(205)))
    let isRetryDue = window.takeRetry(at: start + .seconds(111))
    #expect(isRetryDue)
  }
}
