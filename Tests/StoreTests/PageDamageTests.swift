import Coordination
import Foundation
import Randomness
import Store
import TestSupport
import Testing
import Trials

/// A database with damaged, zeroed, half written or exchanged pages.
@Suite("Damaged pages")
struct PageDamageTests {
  private static let pageByteCount = 4096
  let directory: TemporaryFolder
  let front = plan(tolerances: (1...60).map(Double.init))

  init() throws { directory = try TemporaryFolder() }

  private var records: [JournalRecord] {
    front.trials.flatMap { [lease($0), recorded($0)] }
      + [
        .attemptEnded(
          trial: front.trials[0].id, attempt: 9,
          failure: TrialFailure(cause: .lost, message: "worker a fell silent"))
      ]
  }

  private func filled() throws -> Data {
    let store = try open(front, in: directory)
    try store.append(records)
    try store.close()
    return try Data(contentsOf: directory.database)
  }

  /// Opens a damaged database for reading and for writing; accepted content must equal what was
  /// stored.
  ///
  /// - Returns: Whether the damage was detected.
  private func isTold(_ bytes: Data, _ what: String) throws -> Bool {
    for name in ["sweep.sqlite-wal", "sweep.sqlite-shm"] {
      try? FileManager.default.removeItem(at: directory.url.appending(path: name))
    }
    try bytes.write(to: directory.database)
    var isTold = false
    let readError = storeError {
      let reader = try SweepReader.open(directory: directory.url)
      let results = try reader.results()
      let isSame = results == SweepResults(plan: front, records: records)
      #expect(isSame, "read after \(what)")
    }
    if readError != nil { isTold = true }
    let writeError = storeError {
      let store = try open(front, in: directory)
      #expect(store.change.isEmpty, "\(store.change) after \(what)")
      let isSame = try store.journal() == records
      #expect(isSame, "replayed after \(what)")
    }
    return isTold || writeError != nil
  }

  @Test("A flipped bit anywhere is detected or changes nothing")
  func flippedBits() throws {
    let bytes = try filled()
    var random = SplitMix64(seed: 7)
    #if DEBUG
      let count = 150
    #else
      let count = 2000
    #endif
    var toldCount = 0
    for _ in 0..<count {
      let bit = Int(random.next() % UInt64(8 * bytes.count))
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      if try isTold(damaged, "bit \(bit)") { toldCount += 1 }
    }
    // Most of the file is content; the rest is free space and the index of names.
    #expect(toldCount > count / 4)
  }

  @Test("A zeroed, half written or misplaced page is detected or changes nothing")
  func damagedPages() throws {
    let bytes = try filled()
    let size = Self.pageByteCount
    let pages = bytes.count / size
    var toldCount = 0
    for page in 0..<pages {
      let range = page * size..<(page + 1) * size
      let half = page * size + size / 2..<(page + 1) * size
      let other = (page + 1) % pages
      for (what, damage) in [
        ("zeroed", (range, Data(count: size))), ("torn", (half, Data(count: size / 2))),
        ("exchanged", (range, bytes[other * size..<(other + 1) * size])),
      ] {
        var damaged = bytes
        damaged.replaceSubrange(damage.0, with: damage.1)
        if try isTold(damaged, "page \(page) \(what)") { toldCount += 1 }
      }
    }
    #expect(toldCount > pages)
  }
}
