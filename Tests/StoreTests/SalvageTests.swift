import Coordination
import Digests
import Foundation
import GRDB
import Randomness
import TestSupport
import Testing
import Trials

@testable import Store

/// What comes out of a store whose pages were damaged, and that it is never anything else than what
/// went in.
@Suite("Salvage")
struct SalvageTests {
  private static let pageByteCount = 4096
  let directory: TemporaryFolder
  let family: SweepPlan

  init() throws {
    directory = try TemporaryFolder()
    var family = plan(tolerances: (1...60).map(Double.init))
    family.trials += family.trials.prefix(20).map { parent in
      var configuration = parent.configuration
      configuration.tolerance = .measured(Measurement(trial: parent.id, output: .mse))
      return PlannedTrial(stage: "child", replicate: 0, configuration: configuration)
    }
    self.family = family
  }

  private let checkpoint = TrialCheckpoint(
    step: 500, digest: Digest.of("state"), byteCount: 1 << 20, instructionSet: "avx512")

  /// The result of a trial; a child's was made with its parent's error.
  private func result(of trial: PlannedTrial) -> TrialResult {
    var result = StoreTests.result(of: trial)
    if !trial.parents.isEmpty { result.provenance.configuration.tolerance = .value(0.1 + 0.2) }
    if trial.id.rawValue.isMultiple(of: 3) {
      result.provenance.resumed = [Resumption(step: 50, host: "höst", instructionSet: "avx2")]
    }
    return result
  }

  private func recorded(_ trial: PlannedTrial, by worker: WorkerID = workerA) -> JournalRecord {
    .resultRecorded(trial: trial.id, attempt: 1, worker: worker, result: result(of: trial))
  }

  /// Every trial but the last two has its result; the last but one has a checkpoint.
  private var records: [JournalRecord] {
    let (done, open) = (family.trials.dropLast(2), family.trials.suffix(2))
    return [.imagesPinned(dataset: .mnist, digest: Digest.of("images"))]
      + done.flatMap { [lease($0), recorded($0)] } + open.map { lease($0) }
      + [.checkpointRecorded(trial: open.first!.id, attempt: 1, checkpoint: checkpoint)]
  }

  private func filled() throws -> Data {
    let store = try open(family, in: directory)
    // Commits of several sizes, so that the times differ.
    for (index, record) in records.enumerated() {
      try store.append([record], at: Date(timeIntervalSince1970: Double(1000 + index / 7)))
    }
    try store.close()
    return try Data(contentsOf: directory.database)
  }

  /// Salvages a database of the given bytes.
  ///
  /// - Parameter plan: The plan to go by where the stored one is damaged.
  private func salvage(_ bytes: Data, hasFiles: Bool = true) throws -> StoreSalvage {
    try bytes.write(to: directory.database)
    let store = try DamagedStore(directory: directory.url)
    let plan = (try? store.plan().plan) ?? family
    #expect(plan == family)
    return try store.salvage(
      of: plan, at: Date(timeIntervalSince1970: 5000),
      trained: { hasFiles ? $0.provenance.configuration.id : nil }, holds: { _ in true })
  }

  private func expectTrue(_ salvage: StoreSalvage, _ what: String) {
    for trial in family.trials {
      guard let found = salvage.results[trial.id] else { continue }
      #expect(found == result(of: trial), "trial \(trial.id) after \(what)")
    }
    let lost = Set(salvage.lost.map(\.trial))
    #expect(lost.isDisjoint(with: salvage.results.keys), "after \(what)")
  }

  @Test("Nothing is lost from a sound store, nor any record, nor its time")
  func sound() throws {
    let salvage = try salvage(try filled())
    #expect(salvage.records.map(\.record) == records)
    let history = try SweepReader.open(directory: directory.url).history()
    #expect(salvage.records == history)
    #expect(salvage.lost.isEmpty)
    #expect(salvage.provedRecordCount == records.count)
    #expect(salvage.leastRecordCount == records.count)
  }

  @Test("Whatever page is damaged and however, what is kept is true")
  func everyPage() throws {
    let bytes = try filled()
    let size = Self.pageByteCount
    let pages = bytes.count / size
    var random = SplitMix64(seed: 3)
    for page in 0..<pages {
      let range = page * size..<(page + 1) * size
      let other = (page + 1) % pages
      var flipped = bytes
      for _ in 0..<8 {
        let bit = page * size * 8 + Int(random.next() % UInt64(8 * size))
        flipped[bit / 8] ^= 1 << (bit % 8)
      }
      var images = [("flipped", flipped)]
      for (what, place, content) in [
        ("zeroed", range, Data(count: size)),
        ("torn", page * size + size / 2..<(page + 1) * size, Data(count: size / 2)),
        ("half lost", page * size..<page * size + size / 2, Data(count: size / 2)),
        ("exchanged", range, Data(bytes[other * size..<(other + 1) * size])),
      ] {
        var damaged = bytes
        damaged.replaceSubrange(place, with: content)
        images.append((what, damaged))
      }
      for (what, damaged) in images {
        let salvage = try salvage(damaged)
        expectTrue(salvage, "page \(page) \(what)")
        // A page has the rows of at most a score of trials.
        #expect(salvage.results.count > 30, "page \(page) \(what)")
      }
    }
  }

  /// The pages of a table or an index, from 1, by kind.
  private func pages(of name: String, _ kind: String) throws -> [Int] {
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    defer { try? queue.close() }
    return try queue.read { database in
      try Int.fetchAll(
        database, sql: "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ?",
        arguments: [name, kind])
    }
  }

  @Test("Pages that only lead to others, and those of names, cost nothing")
  func indexPages() throws {
    let bytes = try filled()
    var lost = [1]
    for name in ["journal", "result", "trial"] { lost += try pages(of: name, "internal") }
    for name in ["sqlite_autoindex_trial_1", "sqlite_autoindex_trial_2"] {
      lost += try pages(of: name, "internal") + pages(of: name, "leaf")
    }
    #expect(lost.count > 4)
    for page in [lost] + lost.map({ [$0] }) {
      var damaged = bytes
      for page in page {
        let start = (page - 1) * Self.pageByteCount
        damaged.replaceSubrange(
          start..<start + Self.pageByteCount, with: Data(count: Self.pageByteCount))
      }
      let salvage = try salvage(damaged, hasFiles: false)
      #expect(salvage.records.map(\.record) == records, "page \(page)")
      #expect(salvage.lost.isEmpty)
    }
  }

  @Test("A lost page of the journal costs results only where their files are lost as well")
  func journalPages() throws {
    let bytes = try filled()
    let pages = try pages(of: "journal", "leaf")
    #expect(pages.count > 1)
    for page in pages {
      let start = (page - 1) * Self.pageByteCount
      var damaged = bytes
      damaged.replaceSubrange(
        start..<start + Self.pageByteCount, with: Data(count: Self.pageByteCount))
      let whole = try salvage(damaged)
      expectTrue(whole, "page \(page)")
      #expect(whole.results.count == family.trials.count - 2)
      #expect(whole.lost.isEmpty)
      #expect(whole.provedRecordCount < records.count)
      let part = try salvage(damaged, hasFiles: false)
      expectTrue(part, "page \(page)")
      #expect((1..<family.trials.count - 2).contains(part.results.count))
      #expect(part.lost.count == family.trials.count - 2 - part.results.count)
    }
  }

  @Test("A result that was made with a lost one is lost, too, and named with the reason")
  func orphans() throws {
    _ = try filled()
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    try queue.write { database in
      try database.execute(sql: "UPDATE milestone SET mse = mse * 2 WHERE trial = 5")
    }
    try queue.close()
    let salvage = try salvage(try Data(contentsOf: directory.database))
    expectTrue(salvage, "a change")
    #expect(salvage.lost.map(\.trial) == [family.trials[4].id, family.trials[64].id])
    #expect(salvage.lost.map(\.reason).last?.contains("which is lost") == true)
  }

  @Test("With all names of trials lost, the sweep file says which they were")
  func names() throws {
    let bytes = try filled()
    var damaged = bytes
    for page in try pages(of: "trial", "leaf") + pages(of: "plan", "leaf") {
      let start = (page - 1) * Self.pageByteCount
      damaged.replaceSubrange(
        start..<start + Self.pageByteCount, with: Data(count: Self.pageByteCount))
    }
    try damaged.write(to: directory.database)
    let store = try DamagedStore(directory: directory.url)
    guard case .corrupted = storeError({ _ = try store.plan() }) else {
      Issue.record("a plan was found")
      return
    }
    // The numbers of a store whose sweep file was edited do not follow the plan.
    var reversed = family
    reversed.trials = family.trials.prefix(60).reversed() + family.trials.suffix(20)
    for plan in [family, reversed] {
      let salvage = try store.salvage(
        of: plan, at: Date(), trained: { _ in nil }, holds: { _ in true })
      expectTrue(salvage, "the loss of all names")
      #expect(salvage.results.count == family.trials.count - 2)
    }
    let other = StoreTests.plan(tolerances: [1000, 2000])
    let none = try store.salvage(
      of: other, at: Date(), trained: { _ in nil }, holds: { _ in true })
    #expect(none.results.isEmpty)
  }

  @Test("What the log holds is found, and what stands behind a damaged frame of it")
  func log() throws {
    let store = try open(family, in: directory)
    for record in records { try store.append([record]) }
    let image = try TemporaryFolder()
    var log = try Data(contentsOf: directory.url.appending(path: "sweep.sqlite-wal"))
    try FileManager.default.copyItem(at: directory.database, to: image.database)
    func salvage() throws -> StoreSalvage {
      try log.write(to: image.url.appending(path: "sweep.sqlite-wal"))
      return try DamagedStore(directory: image.url).salvage(
        of: family, at: Date(), trained: { $0.provenance.configuration.id }, holds: { _ in true })
    }
    #expect(try salvage().records.map(\.record) == records)
    let frame = Self.pageByteCount + 24
    let middle = log.count / frame / 2 * frame + 32 + 1000
    log[middle] ^= 1
    let salvaged = try salvage()
    expectTrue(salvaged, "a flipped bit in the log")
    let found = try SweepReader.open(directory: image.url).results().trials
    #expect(salvaged.results.count > found.count { $0.result != nil } + 20)
    try store.close()
  }

  @Test("The new store is a store like every other, and says where it comes from")
  func newStore() throws {
    let salvage = try salvage(try filled())
    let note = SalvageNote(
      origin: "/runs/old", time: Date(timeIntervalSince1970: 5000), outcome: "78 kept")
    let target = try TemporaryFolder()
    try SweepStore.create(
      in: target.url, from: salvage, sweepText: "name: front\n", note: note)
    let reader = try SweepReader.open(directory: target.url)
    #expect(try reader.salvage() == note)
    #expect(
      "\(note)" == "salvaged from /runs/old at 1970-01-01T01:23:20Z: 78 kept")
    #expect(try reader.history() == salvage.records)
    #expect(try SweepReader.open(directory: directory.url).salvage() == nil)
    let again = try open(family, in: target)
    #expect(again.change == PlanChange(keptCount: 80, added: [], orphaned: []))
    try again.append([recorded(family.trials[79])])
    #expect(try again.journal() == records + [recorded(family.trials[79])])
    #expect(try reader.salvage() == note)
  }

  @Test("The damaged folder stays as it was")
  func untouched() throws {
    let bytes = try filled()
    let before = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
    _ = try salvage(bytes)
    #expect(try Data(contentsOf: directory.database) == bytes)
    let after = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
    #expect(after == before)
  }

  @Test("A file with nothing of a sweep is refused")
  func nothing() throws {
    try Data(count: 3 * Self.pageByteCount).write(to: directory.database)
    guard case .foreign = storeError({ _ = try DamagedStore(directory: directory.url) }) else {
      Issue.record("not refused")
      return
    }
    try FileManager.default.removeItem(at: directory.database)
    guard case .missing = storeError({ _ = try DamagedStore(directory: directory.url) }) else {
      Issue.record("not refused")
      return
    }
  }
}
