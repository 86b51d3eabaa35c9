import Digests
import Foundation
import TestSupport
import Testing
import Wire

@testable import Transfers

@Suite("Blob ledger: who may store how much")
struct BlobLedgerTests {
  private let folder: TemporaryFolder
  private let store: BlobStore
  private let ledger = BlobLedger(byteCountPerTrial: 100)

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(folder: folder.file("blobs"))
  }

  private func desk() -> BlobDesk {
    BlobDesk(store: store, files: FileRegistry(), ledger: ledger)
  }

  /// Offers a blob of so many bytes; nil when it is taken, else why not.
  private func refusal(
    of seed: UInt32, _ byteCount: Int, by name: String, on connection: UInt8? = nil,
    _ desk: inout BlobDesk
  ) -> String? {
    let digest = Digest.of(sampleBytes(16, seed: seed))
    guard
      case .rejected(_, let reason) = desk.reply(
        to: .offer(digest, byteCount: byteCount), from: sender(name, connection))
    else { return nil }
    return reason
  }

  /// The holder of a key, or who is on a connection of a host without one.
  private func sender(_ name: String, _ connection: UInt8? = nil) -> BlobSender {
    BlobSender(
      userID: connection == nil ? name : nil, peerAddress: name,
      connection: connection.map { [$0] } ?? [])
  }

  private func put(_ bytes: [UInt8], by name: String, _ desk: inout BlobDesk) -> DataReply {
    desk.reply(
      to: .store(Digest.of(bytes), offset: 0, total: bytes.count, payload: bytes),
      from: sender(name))
  }

  @Test(
    "a sender that holds no trial can store nothing, with or without an offer, and creates no file")
  func stranger() throws {
    var desk = desk()
    let reason = try #require(refusal(of: 1, 10, by: "mallory", &desk))
    #expect(reason.contains("the key mallory, which holds no trial of the sweep"))
    guard case .rejected = put(sampleBytes(10), by: "mallory", &desk) else {
      Issue.record("expected a rejection")
      return
    }
    let incoming = folder.file("blobs/incoming").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
    ledger.setTrialCounts(["the key mallory": 1])
    #expect(refusal(of: 1, 10, by: "mallory", &desk) == nil)
    ledger.setTrialCounts([:])
    // What it has begun does not let it go on.
    #expect(refusal(of: 1, 10, by: "mallory", &desk) != nil)
  }

  @Test(
    "a sender may store a number of bytes per trial that it holds, independent of other senders")
  func bytes() throws {
    ledger.setTrialCounts(["the key a": 2, "the key b": 1])
    var desk = desk()
    #expect(refusal(of: 1, 150, by: "a", &desk) == nil)
    // The same once more is no more.
    #expect(refusal(of: 1, 150, by: "a", &desk) == nil)
    #expect(refusal(of: 2, 51, by: "a", &desk)?.contains("expected at most 50") == true)
    #expect(refusal(of: 3, 10_000_000_000, by: "a", &desk) != nil)
    #expect(refusal(of: 3, .max, by: "a", &desk) != nil)
    #expect(refusal(of: 2, 51, by: "b", &desk) == nil)
    ledger.addTrial(of: "the key a")
    #expect(refusal(of: 4, 51, by: "a", &desk) == nil)
  }

  @Test(
    "without keys, a connection that stores much leaves space for other connections of its host")
  func connections() {
    ledger.setTrialCounts(["the host h": 1])
    var desk = desk()
    for seed in 1...16 as ClosedRange<UInt32> {
      #expect(refusal(of: seed, 6, by: "h", on: 1, &desk) == nil)
    }
    let reason = refusal(of: 17, 1, by: "h", on: 1, &desk)
    #expect(reason?.contains("a connection of the host h has stored 16 blobs with 96") == true)
    #expect(refusal(of: 17, 100, by: "h", on: 2, &desk) == nil)
    #expect(refusal(of: 18, 1, by: "other", on: 3, &desk) != nil)
    // However many it opens, a host has a bound.
    for connection in 3...16 as ClosedRange<UInt8> {
      let seed = UInt32(connection) + 100
      #expect(refusal(of: seed, 100, by: "h", on: connection, &desk) == nil)
    }
    let last = refusal(of: 1000, 100, by: "h", on: 17, &desk)
    #expect(last?.contains("expected at most 4: the host h has stored 31 blobs") == true)
  }

  @Test("the bytes that a sender may store are bounded, however many trials it holds")
  func many() {
    ledger.setTrialCounts(["the key a": .max, "the key b": 32])
    var desk = desk()
    #expect(refusal(of: 1, 3201, by: "a", &desk) != nil)
    #expect(refusal(of: 1, 3200, by: "a", &desk) == nil)
    #expect(refusal(of: 2, 3200, by: "b", &desk) == nil)
  }

  @Test("the number of blobs is bounded too")
  func count() {
    ledger.setTrialCounts(["the key a": 1])
    var desk = desk()
    for seed in 1...UInt32(BlobLedger.blobCountPerTrial) {
      #expect(refusal(of: seed, 1, by: "a", &desk) == nil)
    }
    #expect(refusal(of: 1000, 1, by: "a", &desk)?.contains("stored 16 blobs") == true)
  }

  @Test("blobs that a record names, and rejected blobs, no longer count")
  func settled() {
    ledger.setTrialCounts(["the key a": 1])
    var desk = desk()
    let bytes = sampleBytes(90)
    #expect(put(bytes, by: "a", &desk) == .stored(Digest.of(bytes)))
    #expect(refusal(of: 1, 90, by: "a", &desk) != nil)
    ledger.settle([Digest.of(bytes)])
    #expect(refusal(of: 1, 90, by: "a", &desk) == nil)
    let wrong = Digest.of(sampleBytes(16, seed: 1))
    guard
      case .rejected = desk.reply(
        to: .store(wrong, offset: 0, total: 90, payload: sampleBytes(90, seed: 5)),
        from: sender("a"))
    else {
      Issue.record("expected a rejection")
      return
    }
    #expect(refusal(of: 2, 100, by: "a", &desk) == nil)
  }

  @Test("a blob that no record names is deleted, unless it is offered again before")
  func collected() throws {
    ledger.setTrialCounts(["the key a": 1])
    var desk = desk()
    let bytes = sampleBytes(40)
    let digest = Digest.of(bytes)
    #expect(put(bytes, by: "a", &desk) == .stored(digest))
    let start = ContinuousClock.now
    #expect(ledger.forgotten(at: start + .seconds(500)).isEmpty)
    let late = start + BlobLedger.lifetime + .seconds(1)
    #expect(ledger.forgotten(at: late) == [digest])
    ledger.touch(digest, at: late)
    #expect(try !ledger.collect(digest, at: late + .seconds(1), remove: { try store.remove($0) }))
    #expect(store.contains(digest))
    let later = late + BlobLedger.lifetime
    #expect(try ledger.collect(digest, at: later, remove: { try store.remove($0) }))
    #expect(!store.contains(digest))
    #expect(refusal(of: 1, 100, by: "a", &desk) == nil)
  }

  @Test("a partial blob that was deleted is requested from its start")
  func collectedHalf() throws {
    ledger.setTrialCounts(["the key a": 1])
    var desk = desk()
    let bytes = sampleBytes(80)
    let digest = Digest.of(bytes)
    let half = DataRequest.store(digest, offset: 0, total: 80, payload: Array(bytes[..<50]))
    #expect(desk.reply(to: half, from: sender("a")) == .wanted(digest, offset: 50))
    let late = ContinuousClock.now + BlobLedger.lifetime + .seconds(1)
    #expect(try ledger.collect(digest, at: late, remove: { try store.removeIncoming($0) }))
    #expect(
      desk.reply(
        to: .store(digest, offset: 50, total: 80, payload: Array(bytes[50...])), from: sender("a"))
        == .wanted(digest, offset: 0))
    #expect(put(bytes, by: "a", &desk) == .stored(digest))
    try store.verify(digest)
  }

  @Test("a removed blob folder is created again, and blobs are stored again")
  func restored() throws {
    let bytes = sampleBytes(10)
    let digest = try store.insert(bytes)
    try store.restore()
    #expect(store.restoredCount == 0)
    try FileManager.default.removeItem(at: store.folder)
    try store.restore()
    #expect(store.restoredCount == 1)
    #expect(!store.contains(digest))
    try store.insert(bytes)
    #expect(store.contains(digest))
    // Also without a word, when the next one comes.
    try FileManager.default.removeItem(at: store.folder)
    try store.insert(bytes)
    #expect(store.contains(digest))
    #expect(store.restoredCount == 2)
  }

  @Test("unneeded blobs are removed when they are old enough, younger ones stay")
  func removedByAge() throws {
    let digest = try store.insert(sampleBytes(10))
    #expect(try store.removeAll(except: [], unchangedSince: Date(timeIntervalSinceNow: -60)) == 0)
    let old = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -120)]
    try FileManager.default.setAttributes(old, ofItemAtPath: store.path(for: digest))
    #expect(
      try store.removeAll(except: [digest], unchangedSince: Date(timeIntervalSinceNow: -60)) == 0)
    #expect(try store.removeAll(except: [], unchangedSince: Date(timeIntervalSinceNow: -60)) == 1)
  }
}
