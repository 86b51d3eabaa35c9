import Digests
import Files
import Foundation
import Glibc
import Messaging
import Synchronization
import TestSupport
import Testing
import Transfers

@testable import WorkerService

@Suite("The image cache")
struct ImageCacheTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// An archive of some bytes, all the same.
  private func archive(_ byte: UInt8, count: Int = 1000) -> (digest: Digest, bytes: [UInt8]) {
    let bytes = [UInt8](repeating: byte, count: count)
    return (Digest.of(bytes), bytes)
  }

  /// Provides an archive as a transfer would; true when bytes had to be moved.
  @discardableResult
  private func provide(
    _ archive: (digest: Digest, bytes: [UInt8]), by cache: ImageCache
  ) throws -> Bool {
    var isMoved = false
    try cache.provide(archive.digest, byteCount: archive.bytes.count) { url in
      if let found = try? Digest.ofFile(at: url), found == archive.digest { return }
      try Data(archive.bytes).write(to: url)
      isMoved = true
    }
    return isMoved
  }

  private func contains(
    _ archive: (digest: Digest, bytes: [UInt8]), _ cache: ImageCache
  ) -> Bool {
    FileManager.default.fileExists(atPath: cache.url(for: archive.digest).path)
  }

  @Test("a verified archive is not read again until its file status changes")
  func verifiedOnce() throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    #expect(try provide(archive, by: cache))
    try cache.provide(archive.digest, byteCount: 1000) { _ in
      Issue.record("the archive was verified a moment ago")
    }
    // Another worker on the host relies on it too.
    try ImageCache(cache: folder.url).provide(archive.digest, byteCount: 1000) { _ in
      Issue.record("the archive was verified a moment ago")
    }
  }

  @Test(
    "a pipe in the place of a file of the cache is an error at once", arguments: ["use", "lock"])
  func pipes(ending: String) throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    #expect(try provide(archive, by: cache))
    let file = cache.url(for: archive.digest).appendingPathExtension(ending)
    try? FileManager.default.removeItem(at: file)
    #expect(mkfifo(file.path, 0o600) == 0)
    let error = #expect(throws: (any Error).self) { try provide(archive, by: cache) }
    #expect("\(try #require(error))".contains("found a pipe, expected a file"))
  }

  @Test("a changed byte is detected and the archive fetched again, even with its old date")
  func damaged() throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    try provide(archive, by: cache)
    let url = cache.url(for: archive.digest)
    var before = stat()
    #expect(stat(url.path, &before) == 0)
    let file = try FileHandle(forWritingTo: url)
    try file.seek(toOffset: 500)
    try file.write(contentsOf: Data([2]))
    try file.close()
    let dates = [before.st_atim, before.st_mtim]
    #expect(utimensat(AT_FDCWD, url.path, dates, 0) == 0)
    #expect(try provide(archive, by: cache))
    #expect(try Data(contentsOf: url) == Data(archive.bytes))
    #expect(try !provide(archive, by: cache))
  }

  @Test(
    "a verification is valid for a day, and not at all with a date in the future",
    arguments: [-25, 1])
  func verifiedAgain(hours: Double) throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    try provide(archive, by: cache)
    let stamp = cache.url(for: archive.digest).appendingPathExtension("verified")
    try FileManager.default.setAttributes(
      [.modificationDate: Date.now.addingTimeInterval(hours * 3600)], ofItemAtPath: stamp.path)
    var isCompared = false
    try cache.provide(archive.digest, byteCount: 1000) { _ in isCompared = true }
    #expect(isCompared)
  }

  @Test("a truncated or missing archive is fetched again")
  func truncated() throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    try provide(archive, by: cache)
    #expect(truncate(cache.url(for: archive.digest).path, 10) == 0)
    #expect(try provide(archive, by: cache))
    try FileManager.default.removeItem(at: cache.url(for: archive.digest))
    #expect(try provide(archive, by: cache))
  }

  @Test("after a failed fetch nothing counts as verified")
  func failedFetch() throws {
    let cache = try ImageCache(cache: folder.url)
    let archive = archive(1)
    #expect(throws: FileError.self) {
      try cache.provide(archive.digest, byteCount: 1000) { url in
        try Data([1]).write(to: url)
        throw FileError("read", url.path, code: EIO)
      }
    }
    #expect(try provide(archive, by: cache))
  }

  @Test("the least recently used archive is removed when another does not fit")
  func leastRecentlyUsed() throws {
    let cache = try ImageCache(cache: folder.url, limit: 3000)
    let archives = (0...3).map { archive($0) }
    for archive in archives[0...2] { try provide(archive, by: cache) }
    try setLastUse(of: archives[0], in: cache, hoursAgo: 1)
    try setLastUse(of: archives[1], in: cache, hoursAgo: 3)
    try setLastUse(of: archives[2], in: cache, hoursAgo: 2)
    try provide(archives[3], by: cache)
    #expect(archives.map { contains($0, cache) } == [true, false, true, true])
    // Providing an archive makes it the most recently used.
    try provide(archives[2], by: cache)
    try provide(archives[1], by: cache)
    #expect(archives.map { contains($0, cache) } == [false, true, true, true])
  }

  @Test("an archive that is being read stays, whatever the limit")
  func inUse() throws {
    let cache = try ImageCache(cache: folder.url, limit: 1500)
    let (first, second) = (archive(1), archive(2))
    try provide(first, by: cache)
    var readers = [try cache.use(first.digest), try cache.use(first.digest)]
    try setLastUse(of: first, in: cache, hoursAgo: 1)
    try provide(second, by: try ImageCache(cache: folder.url, limit: 1500))
    #expect(contains(first, cache) && contains(second, cache))
    readers.removeAll()
    try provide(archive(3), by: cache)
    #expect(!contains(first, cache) && !contains(second, cache))
  }

  @Test("a partial archive counts and is removed too")
  func partial() throws {
    let cache = try ImageCache(cache: folder.url, limit: 1500)
    let (interrupted, other) = (archive(1), archive(2))
    let partial = cache.url(for: interrupted.digest).appendingPathExtension("partial")
    try Data(count: 900).write(to: partial)
    try provide(other, by: cache)
    #expect(!FileManager.default.fileExists(atPath: partial.path))
  }

  @Test("a missing archive cannot be used")
  func missing() throws {
    let cache = try ImageCache(cache: folder.url)
    #expect(throws: FileError.self) { try cache.use(archive(1).digest) }
  }

  @Test("concurrent workers fetch once, and continue an interrupted fetch")
  func fetchedOnce() throws {
    let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }
    let context = try Context()
    let store = try BlobStore(folder: folder.url.appending(path: "blobs"))
    let digest = try store.insert(bytes)
    let server = try BlobServer(context, endpoint: "tcp://127.0.0.1:*", store: store)
    defer { server.stop() }

    let cancellation = try Cancellation()
    var cutAt = 0
    #expect(throws: TransferError.cancelled) {
      try ImageCache(cache: folder.url).provide(digest, byteCount: bytes.count) { url in
        let client = try BlobClient(context, endpoint: server.endpoint)
        try client.fetch(digest, byteCount: bytes.count, to: url, cancellation: cancellation) {
          cutAt = $0
          if $0 > 5_000_000 { cancellation.cancel() }
        }
      }
    }
    let servedBefore = server.statistics.servedByteCount
    #expect(cutAt > 5_000_000 && cutAt < bytes.count)

    let failures = Mutex<[String]>([])
    let endpoint = server.endpoint
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      do {
        try ImageCache(cache: folder.url).provide(digest, byteCount: bytes.count) { url in
          let client = try BlobClient(context, endpoint: endpoint)
          try client.fetch(digest, byteCount: bytes.count, to: url)
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    // The rest once, and at most what the server had still under way to the interrupted client.
    let served = server.statistics.servedByteCount - servedBefore
    #expect(served >= bytes.count - cutAt && served < 5_000_000)
    let cache = try ImageCache(cache: folder.url)
    #expect(try Digest.ofFile(at: cache.url(for: digest)) == digest)
  }

  private func setLastUse(
    of archive: (digest: Digest, bytes: [UInt8]), in cache: ImageCache, hoursAgo: Double
  ) throws {
    let url = cache.url(for: archive.digest)
    for file in [url, url.appendingPathExtension("use")] {
      // A change of the archive's date makes it unverified, which is of no consequence here.
      try FileManager.default.setAttributes(
        [.modificationDate: Date.now.addingTimeInterval(-3600 * hoursAgo)],
        ofItemAtPath: file.path)
    }
  }
}
