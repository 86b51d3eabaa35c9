import Coordination
import Foundation
import Randomness
import TestSupport
import Testing
import Trials

@testable import Store

/// What a reader finds in a log whose bytes were flipped, cut, zeroed or copied on the disk.
@Suite("A damaged result log")
struct ResultLogDamageTests {
  private static let pageByteCount = 4096
  private static let headerByteCount = 68
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// A log without damage: its bytes, what it tells and where each of that stands.
  private struct Whole {
    var bytes: [UInt8]
    var entries: [ResultLogEntry]
    var ranges: [Range<Int>]
  }

  private func whole(_ entries: [ResultLogEntry]) throws -> Whole {
    _ = try makeLog([entries], in: directory)
    let bytes = try directory.logBytes
    let findings = try LogFindings(path: directory.logPath)
    #expect(findings.entries == entries)
    let ends = findings.offsets.dropFirst() + [bytes.count]
    return Whole(
      bytes: bytes, entries: entries, ranges: zip(findings.offsets, ends).map { $0..<$1 })
  }

  /// Holds what is found after some bytes were changed against what stands outside of them.
  ///
  /// - Parameter bytes: The file's, with nothing but those in `damage` changed.
  private func expectRest(
    of whole: Whole, in bytes: [UInt8], changed damage: Range<Int>, _ what: String
  ) throws {
    let findings = try LogFindings(bytes, in: directory)
    let hit = whole.ranges.indices.filter { whole.ranges[$0].overlaps(damage) }
    let kept = whole.ranges.indices.filter { !whole.ranges[$0].overlaps(damage) }
    #expect(findings.entries == kept.map { whole.entries[$0] }, "after \(what)")
    #expect(findings.offsets == kept.map { whole.ranges[$0].lowerBound }, "after \(what)")
    let isHeaderHit = damage.lowerBound < Self.headerByteCount
    #expect((findings.identity == nil) == isHeaderHit, "after \(what)")
    // What is lost lies in one stretch.
    let start = isHeaderHit ? 0 : hit.first.map { whole.ranges[$0].lowerBound }
    let end = hit.last.map { whole.ranges[$0].upperBound } ?? Self.headerByteCount
    #expect(findings.damages.map(\.range) == start.map { [$0..<end] } ?? [], "after \(what)")
    #expect(findings.damages.allSatisfy { $0.reachesEnd == (end == bytes.count) })
  }

  @Test("A flipped byte loses only the entry that contains it")
  func everyByte() throws {
    let whole = try whole(everyKind)
    for place in whole.bytes.indices {
      for change: UInt8 in [0xff, 1 << (place % 8)] {
        var damaged = whole.bytes
        damaged[place] ^= change
        try expectRest(
          of: whole, in: damaged, changed: place..<place + 1, "byte \(place) ^ \(change)")
      }
    }
  }

  @Test("A damaged entry with an intact frame still names its trial")
  func suspects() throws {
    let whole = try whole(everyKind)
    for (index, range) in whole.ranges.enumerated() {
      var trial: TrialID?
      switch whole.entries[index] {
      case .plan, .padding: continue
      case .result(let of, _, _, _, _), .discard(let of, _, _), .reuse(let of, _, _, _): trial = of
      }
      for place in [range.lowerBound + 33, range.upperBound - 1] {
        var damaged = whole.bytes
        damaged[place] ^= 4
        let findings = try LogFindings(damaged, in: directory)
        #expect(findings.damages.map(\.trial) == [trial])
      }
      var damaged = whole.bytes
      damaged[range.lowerBound + 25] ^= 4
      #expect(try LogFindings(damaged, in: directory).damages.map(\.trial) == [nil])
    }
  }

  @Test("A log truncated anywhere loses only the last entry, and reports it")
  func everyLength() throws {
    let whole = try whole(everyKind)
    for byteCount in whole.bytes.indices {
      let findings = try LogFindings(Array(whole.bytes.prefix(byteCount)), in: directory)
      let kept = whole.ranges.prefix { $0.upperBound <= byteCount }
      let sure = kept.last?.upperBound ?? Self.headerByteCount
      #expect(findings.entries == Array(whole.entries.prefix(kept.count)), "\(byteCount) bytes")
      let start = byteCount < Self.headerByteCount ? 0 : sure
      #expect(
        findings.damages.map(\.range) == (start < byteCount ? [start..<byteCount] : []),
        "\(byteCount) bytes")
      #expect(findings.damages.allSatisfy { $0.reachesEnd })
    }
  }

  /// Entries shorter than a page and longer, so that pages hold none, one or many whole.
  private var manySizes: [ResultLogEntry] {
    (0..<150).map { resultEntry($0, byteCount: [1100, 20, 300, 40, 6000, 10][$0 % 6]) }
  }

  @Test("A zeroed page loses only the entries on it")
  func zeroedPages() throws {
    let whole = try whole(manySizes)
    let size = Self.pageByteCount
    for page in stride(from: 0, to: whole.bytes.count, by: size) {
      let range = page..<min(page + size, whole.bytes.count)
      var damaged = whole.bytes
      damaged.replaceSubrange(range, with: repeatElement(0, count: range.count))
      try expectRest(of: whole, in: damaged, changed: range, "page at \(page) zeroed")
    }
  }

  @Test("A misplaced page does not repeat its entries")
  func copiedPages() throws {
    let whole = try whole(manySizes)
    let size = Self.pageByteCount
    let pageCount = whole.bytes.count / size
    for page in 0..<pageCount {
      for distance in [1, 2, 7, pageCount - 1] {
        let source = (page + distance) % pageCount * size
        let range = page * size..<(page + 1) * size
        var damaged = whole.bytes
        damaged.replaceSubrange(range, with: whole.bytes[source..<source + size])
        try expectRest(
          of: whole, in: damaged, changed: range, "page at \(source) copied to \(range.lowerBound)")
      }
    }
  }

  @Test("An entry at another entry's offset is invalid")
  func copiedEntries() throws {
    let whole = try whole((0..<12).map { resultEntry($0) })
    for (source, target) in zip(whole.ranges, whole.ranges.dropFirst(3)) {
      var damaged = whole.bytes
      damaged.replaceSubrange(target, with: whole.bytes[source])
      try expectRest(of: whole, in: damaged, changed: target, "\(source) copied to \(target)")
    }
  }

  @Test("With any bytes flipped, entries that are read are correct, and undamaged entries are read")
  func manyFlips() throws {
    let whole = try whole(manySizes)
    let stored = Dictionary(
      uniqueKeysWithValues: zip(whole.ranges.map(\.lowerBound), whole.entries))
    var random = SplitMix64(seed: 11)
    for flipCount in 1...60 {
      var damaged = whole.bytes
      var places: Set<Int> = []
      for _ in 0..<flipCount {
        let place = Int(random.next() % UInt64(damaged.count))
        if places.insert(place).inserted { damaged[place] ^= UInt8(1 + random.next() % 255) }
      }
      let findings = try LogFindings(damaged, in: directory)
      for (offset, entry) in zip(findings.offsets, findings.entries) {
        #expect(stored[offset] == entry, "\(flipCount) flips, at \(offset)")
      }
      let kept = whole.ranges.filter { range in !places.contains { range.contains($0) } }
      #expect(findings.offsets == kept.map(\.lowerBound), "\(flipCount) flips")
    }
  }

  @Test("A length beyond the limit or the file, or without its copy, is rejected")
  func lengths() throws {
    let whole = try whole(everyKind)
    let range = whole.ranges[1]
    for length: UInt32 in [.max, 1 << 31, 64 << 20 + 1, 64 << 20, 10_000, 0] {
      for isTwice in [true, false] {
        var damaged = whole.bytes
        let place = range.lowerBound + 25
        withUnsafeBytes(of: length.littleEndian) {
          damaged.replaceSubrange(place..<place + 4, with: $0)
        }
        if isTwice {
          withUnsafeBytes(of: (~length).littleEndian) {
            damaged.replaceSubrange(place + 4..<place + 8, with: $0)
          }
        }
        try expectRest(of: whole, in: damaged, changed: range, "length \(length)")
      }
    }
  }

  @Test("Content of a result cannot look like an entry, even if the result is damaged")
  func forgeries() throws {
    // Complete entries of the very places at which they will stand, but for the salt.
    let frames = 68 + 65 + 100 + 65
    var forged: [UInt8] = []
    let start = frames + 8 + 4 + 8 + 2 + "worker".utf8.count
    for number in 0..<40 {
      try ResultLogFrame.append(
        resultEntry(1000 + number), salt: 0, at: start + forged.count, to: &forged)
    }
    let whole = try whole([
      .plan(content(0, byteCount: 100)),
      .result(
        trial: TrialID(rawValue: 1), attempt: 1, worker: WorkerID("worker"), milliseconds: 0,
        content: forged),
      resultEntry(2),
    ])
    #expect(ResultLogFrame(whole.bytes[start...], at: start) != nil)
    for place in [whole.ranges[1].lowerBound, whole.ranges[1].upperBound - 1] {
      var damaged = whole.bytes
      damaged[place] ^= 1
      try expectRest(of: whole, in: damaged, changed: place..<place + 1, "byte \(place)")
      // Without the header the first entry tells the salt.
      damaged[0] ^= 1
      let findings = try LogFindings(damaged, in: directory)
      #expect(findings.entries == [whole.entries[0], whole.entries[2]])
    }
  }

  @Test("Entries of an old log behind a new one are not read")
  func oldBlocks() throws {
    let old = try whole((0..<30).map { resultEntry($0) })
    let new = try whole((0..<10).map { resultEntry(100 + $0) })
    let findings = try LogFindings(new.bytes + old.bytes[new.bytes.count...], in: directory)
    #expect(findings.entries == new.entries)
    #expect(findings.damages.map(\.range) == [new.bytes.count..<old.bytes.count])
  }

  @Test("An entry behind a long damaged one is found wherever it begins")
  func windows() throws {
    for byteCount in (1 << 20) - 110..<(1 << 20) + 10 {
      let long = ResultLogEntry.plan([UInt8](repeating: 7, count: byteCount))
      let whole = try whole([long, resultEntry(2)])
      var damaged = whole.bytes
      damaged[whole.ranges[0].lowerBound + 3] ^= 1
      let findings = try LogFindings(damaged, in: directory)
      #expect(findings.entries == [resultEntry(2)], "\(byteCount) bytes")
      #expect(findings.damages.map(\.range) == [whole.ranges[0]])
    }
  }

  @Test("A file that is not a log has no entries")
  func foreign() throws {
    for bytes in [Array("BNSWRENT".utf8), [UInt8](repeating: 0, count: 10_000)] {
      let findings = try LogFindings(bytes, in: directory)
      #expect(findings.identity == nil)
      #expect(findings.entries.isEmpty)
      #expect(findings.damages.map(\.range) == [0..<bytes.count])
    }
    let empty = try LogFindings([], in: directory)
    #expect(empty.entries.isEmpty && empty.damages.isEmpty)
  }
}
