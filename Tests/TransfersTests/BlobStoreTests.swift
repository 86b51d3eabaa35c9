import Digests
import Files
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Transfers

@Suite("Blob store")
struct BlobStoreTests {
  private let folder: TemporaryFolder
  private let store: BlobStore

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(folder: folder.file("blobs"), byteCountMaximum: 1 << 20)
  }

  @Test(
    "A blob's file has the name of its digest, and no other file remains",
    arguments: [0, 1, 1 << 20])
  func insert(count: Int) throws {
    let bytes = sampleBytes(count)
    let digest = try store.insert(bytes)
    #expect(digest == Digest.of(bytes))
    #expect(store.contains(digest))
    #expect(store.byteCount(of: digest) == count)
    let name = digest.hexadecimal
    #expect(
      store.url(for: digest).path
        == folder.file("blobs/\(name.prefix(2))/\(name.dropFirst(2))").path)
    #expect(try Data(contentsOf: store.url(for: digest)) == Data(bytes))
    try store.verify(digest)
    let incoming = folder.file("blobs/incoming").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: incoming) == [])
    #expect(try store.insert(bytes) == digest)
  }

  @Test("A file is stored as a copy")
  func insertFile() throws {
    let bytes = sampleBytes(300_000)
    let file = try folder.file("source", holding: bytes)
    let digest = try store.insert(file: file)
    try FileManager.default.removeItem(at: file)
    #expect(try Data(contentsOf: store.url(for: digest)) == Data(bytes))
    #expect(throws: TransferError.self) { try store.insert(file: file) }
  }

  @Test("A blob above the limit is refused")
  func tooLarge() throws {
    let bytes = sampleBytes((1 << 20) + 1)
    #expect(
      throws: TransferError.tooLarge(
        Digest.of(bytes), byteCount: (1 << 20) + 1, limit: 1 << 20)
    ) {
      try store.insert(bytes)
    }
  }

  @Test("A blob that changed on disk, or that is missing, is noticed")
  func corruption() throws {
    let digest = try store.insert(sampleBytes(1000))
    var bytes = sampleBytes(1000)
    bytes[500] ^= 1
    try Data(bytes).write(to: store.url(for: digest))
    #expect(
      throws: TransferError.digestMismatch(
        expected: digest, found: Digest.of(bytes), path: store.url(for: digest).path)
    ) {
      try store.verify(digest)
    }
    try store.remove(digest)
    #expect(throws: TransferError.missing(digest)) { try store.verify(digest) }
    try store.remove(digest)
  }

  @Test("Received pieces are there after reopening, and the blob when it is complete")
  func resume() throws {
    let bytes = sampleBytes(1000)
    let digest = Digest.of(bytes)
    do {
      let incoming = try store.resume(digest, byteCount: 1000)
      #expect(incoming.offset == 0 && !incoming.isResumed)
      try incoming.append(Array(bytes[..<400]))
    }
    #expect(!store.contains(digest))
    let reopened = try BlobStore(folder: store.folder)
    let incoming = try reopened.resume(digest, byteCount: 1000)
    #expect(incoming.offset == 400 && incoming.isResumed)
    try incoming.append(Array(bytes[400...]))
    #expect(incoming.isComplete)
    try reopened.commit(incoming)
    #expect(try Data(contentsOf: store.url(for: digest)) == Data(bytes))
  }

  @Test("Bytes with another digest do not get the blob's name")
  func wrongBytes() throws {
    let digest = Digest.of(sampleBytes(10))
    let incoming = try store.resume(digest, byteCount: 10)
    try incoming.append(sampleBytes(10, seed: 2))
    #expect(throws: TransferError.self) { try store.commit(incoming) }
    #expect(!store.contains(digest))
  }

  @Test("Partial data of an earlier attempt that exceed the blob's size are discarded")
  func longerRemains() throws {
    let digest = Digest.of(sampleBytes(10))
    do {
      let incoming = try store.resume(digest, byteCount: 20)
      try incoming.append(sampleBytes(20))
    }
    #expect(try store.resume(digest, byteCount: 10).offset == 0)
  }

  @Test("Two attempts at one blob at the same time exclude each other")
  func lock() throws {
    let digest = Digest.of(sampleBytes(10))
    let first = try store.resume(digest, byteCount: 10)
    #expect {
      try store.resume(digest, byteCount: 10)
    } throws: {
      if case .busy = $0 as? TransferError { true } else { false }
    }
    try first.append([1])
  }

  @Test("A full disk is distinguished from other failures")
  func diskFull() throws {
    func fail(_ code: Int32) throws {
      _ = try OpenFile.check("pwrite", "x") { () -> Int32 in
        errno = code
        return -1
      }
    }
    #expect(throws: TransferError.diskFull(path: "x")) { try fail(ENOSPC) }
    #expect {
      try fail(EIO)
    } throws: {
      if case .diskFull = $0 as? TransferError { false } else { true }
    }
    #expect(TransferError.diskFull(path: "x").description == "x: no space left on the device")
  }

  @Test("Blobs that are not to be kept are removed, also incomplete ones")
  func removeAll() throws {
    let kept = try store.insert(sampleBytes(10))
    let removed = try store.insert(sampleBytes(11))
    let arriving = Digest.of(sampleBytes(12))
    do { try store.resume(arriving, byteCount: 12).append(sampleBytes(5)) }
    #expect(try store.removeAll(except: [kept]) == 1)
    #expect(store.contains(kept) && !store.contains(removed))
    #expect(try store.resume(arriving, byteCount: 12).offset == 0)
  }

  @Test("A folder that cannot be created is an error that names it")
  func noFolder() {
    #expect {
      try BlobStore(folder: URL(fileURLWithPath: "/dev/null/blobs"))
    } throws: {
      "\($0)".contains("mkdir /dev/null/blobs")
    }
  }
}
