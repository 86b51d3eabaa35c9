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
    of seed: UInt32, _ byteCount: Int, by sender: String, _ desk: inout BlobDesk
  ) -> String? {
    let digest = Digest.of(sampleBytes(16, seed: seed))
    guard
      case .rejected(_, let reason) = desk.reply(
        to: .offer(digest, byteCount: byteCount), from: sender)
    else { return nil }
    return reason
  }

  private func put(_ bytes: [UInt8], by sender: String, _ desk: inout BlobDesk) -> DataReply {
    desk.reply(
      to: .store(Digest.of(bytes), offset: 0, total: bytes.count, payload: bytes), from: sender)
  }

  @Test("whoever holds no trial stores nothing, with or without an offer, and makes no file")
  func stranger() throws {
    var desk = desk()
    let reason = try #require(refusal(of: 1, 10, by: "mallory", &desk))
    #expect(reason.contains("mallory, which holds no trial of the sweep"))
    guard case .rejected = put(sampleBytes(10), by: "mallory", &desk) else {
      Issue.record("expected a rejection")
      return
    }
    let incoming = folder.file("blobs/incoming").path
    #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
    ledger.setTrialCounts(["mallory": 1])
    #expect(refusal(of: 1, 10, by: "mallory", &desk) == nil)
    ledger.setTrialCounts([:])
    // What it has begun does not let it go on.
    #expect(refusal(of: 1, 10, by: "mallory", &desk) != nil)
  }

  @Test("a sender has so many bytes for each trial it holds, whatever others have")
  func bytes() throws {
    ledger.setTrialCounts(["a": 2, "b": 1])
    var desk = desk()
    #expect(refusal(of: 1, 150, by: "a", &desk) == nil)
    // The same once more is no more.
    #expect(refusal(of: 1, 150, by: "a", &desk) == nil)
    #expect(refusal(of: 2, 51, by: "a", &desk)?.contains("expected at most 50") == true)
    #expect(refusal(of: 3, 10_000_000_000, by: "a", &desk) != nil)
    #expect(refusal(of: 3, .max, by: "a", &desk) != nil)
    #expect(refusal(of: 2, 51, by: "b", &desk) == nil)
    ledger.addTrial(of: "a")
    #expect(refusal(of: 4, 51, by: "a", &desk) == nil)
  }

  @Test("the number of blobs is bounded, too")
  func count() {
    ledger.setTrialCounts(["a": 1])
    var desk = desk()
    for seed in 1...UInt32(BlobLedger.blobCountPerTrial) {
      #expect(refusal(of: seed, 1, by: "a", &desk) == nil)
    }
    #expect(refusal(of: 1000, 1, by: "a", &desk)?.contains("16 blobs") == true)
  }

  @Test("what a record names, and what is rejected, counts no longer")
  func settled() {
    ledger.setTrialCounts(["a": 1])
    var desk = desk()
    let bytes = sampleBytes(90)
    #expect(put(bytes, by: "a", &desk) == .stored(Digest.of(bytes)))
    #expect(refusal(of: 1, 90, by: "a", &desk) != nil)
    ledger.settle([Digest.of(bytes)])
    #expect(refusal(of: 1, 90, by: "a", &desk) == nil)
    let wrong = Digest.of(sampleBytes(16, seed: 1))
    guard
      case .rejected = desk.reply(
        to: .store(wrong, offset: 0, total: 90, payload: sampleBytes(90, seed: 5)), from: "a")
    else {
      Issue.record("expected a rejection")
      return
    }
    #expect(refusal(of: 2, 100, by: "a", &desk) == nil)
  }

  @Test("what no record comes to name is collected, unless somebody offers it again meanwhile")
  func collected() throws {
    ledger.setTrialCounts(["a": 1])
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

  @Test("a blob half of which was collected is asked for from its beginning")
  func collectedHalf() throws {
    ledger.setTrialCounts(["a": 1])
    var desk = desk()
    let bytes = sampleBytes(80)
    let digest = Digest.of(bytes)
    let half = DataRequest.store(digest, offset: 0, total: 80, payload: Array(bytes[..<50]))
    #expect(desk.reply(to: half, from: "a") == .wanted(digest, offset: 50))
    let late = ContinuousClock.now + BlobLedger.lifetime + .seconds(1)
    #expect(try ledger.collect(digest, at: late, remove: { try store.removeIncoming($0) }))
    #expect(
      desk.reply(
        to: .store(digest, offset: 50, total: 80, payload: Array(bytes[50...])), from: "a")
        == .wanted(digest, offset: 0))
    #expect(put(bytes, by: "a", &desk) == .stored(digest))
    try store.verify(digest)
  }

  @Test("a folder of blobs that is gone is made anew, and blobs are stored again")
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

  @Test("what is older than a moment and nobody needs is removed, what is younger stays")
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
