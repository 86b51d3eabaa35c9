import Coordination
import Digests
import Foundation
import GRDB
import Randomness
import TestSupport
import Testing
import Trials
import Wire

@testable import Store

/// What comes out of a store that was damaged, and that it is never anything else than what went in.
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
      configuration.tolerance = .measured(ParentMeasurement(trial: parent.id, output: .mse))
      return PlannedTrial(stage: "child", replicate: 0, configuration: configuration)
    }
    self.family = family
  }

  /// The result of a trial; a child's was made with its parent's error.
  private func result(of trial: PlannedTrial) -> TrialResult {
    var result = StoreTests.result(of: trial)
    if !trial.parents.isEmpty { result.provenance.configuration.tolerance = .value(0.1 + 0.2) }
    if trial.id.rawValue.isMultiple(of: 3) {
      result.provenance.resumed = [Resumption(step: 50, host: "höst", instructionSet: "avx2")]
    }
    return result
  }

  private func recorded(_ trial: PlannedTrial, attempt: Int = 1) -> JournalRecord {
    .resultRecorded(
      trial: trial.id, attempt: attempt, worker: workerA, result: ReceivedResult(result(of: trial)))
  }

  /// The trial whose result was discarded, and that waits again.
  private var disbelieved: PlannedTrial { family.trials[30] }

  /// Every trial but the last two and one that was discarded has its result, one from another sweep,
  /// one as the second.
  private var records: [JournalRecord] {
    var records: [JournalRecord] = [
      .imagesPinned(dataset: .mnist, digest: Digest.of("images"))
    ]
    for (place, trial) in family.trials.dropLast(2).enumerated() {
      if place == 40 {
        records.append(
          .resultReused(
            trial: trial.id,
            origin: ReuseOrigin(folder: "runs/ältere", sweepID: "0123456789abcdef"),
            result: ReceivedResult(result(of: trial))))
      } else {
        records += [lease(trial), recorded(trial)]
      }
    }
    records += family.trials.suffix(2).map { lease($0) }
    let second = family.trials[31]
    records += [
      .resultDiscarded(trial: disbelieved.id, reason: "bad memory"),
      .resultDiscarded(trial: second.id, reason: "bad memory"),
      lease(second, attempt: 2), recorded(second, attempt: 2),
    ]
    return records
  }

  private var completeCount: Int { family.trials.count - 3 }

  private func fill() throws {
    let store = try open(family, in: directory)
    // Commits of several sizes, so that the times differ.
    for (index, record) in records.enumerated() {
      try store.append([record], at: Date(timeIntervalSince1970: Double(1000 + index / 7)))
    }
    try store.close()
  }

  private func salvage() throws -> (source: SalvageSource, salvage: StoreSalvage) {
    let source = try SalvageSource(directory: directory.url)
    let plan = source.plan?.plan ?? family
    #expect(plan == family)
    return (source, source.salvage(of: plan))
  }

  private func expectTrue(_ salvage: StoreSalvage, _ what: String) {
    #expect(salvage.results[disbelieved.id] == nil, "after \(what)")
    for trial in family.trials {
      guard let found = salvage.results[trial.id] else { continue }
      #expect(found == result(of: trial), "trial \(trial.id) after \(what)")
    }
    let lost = Set(salvage.lost.map(\.trial))
    #expect(lost.isDisjoint(with: salvage.results.keys), "after \(what)")
    var coordinator = Coordinator(plan: salvage.plan.trials, settings: CoordinationSettings())
    do {
      for stamped in salvage.records { try coordinator.replay(stamped.record) }
    } catch {
      Issue.record("after \(what): \(error)")
    }
  }

  /// Some bytes with one page damaged in several ways.
  private func damaged(_ bytes: Data, page: Int, _ random: inout SplitMix64) -> [(String, Data)] {
    let size = Self.pageByteCount
    let range = page * size..<min((page + 1) * size, bytes.count)
    var flipped = bytes
    for _ in 0..<8 {
      let bit = range.lowerBound * 8 + Int(random.next() % UInt64(8 * range.count))
      flipped[bit / 8] ^= 1 << (bit % 8)
    }
    let half = range.lowerBound + range.count / 2
    let first = Data(bytes.prefix(range.count))
    return [("flipped", flipped)]
      + [
        ("zeroed", range, Data(count: range.count)),
        ("torn", half..<range.upperBound, Data(count: range.upperBound - half)),
        ("half lost", range.lowerBound..<half, Data(count: half - range.lowerBound)),
        ("exchanged", range, first),
      ].map { (what: String, place: Range<Int>, content: Data) in
        var damaged = bytes
        damaged.replaceSubrange(place, with: content)
        return (what, damaged)
      }
  }

  @Test("Nothing is lost with an undamaged store, with only its log, or with only its database")
  func sound() throws {
    try fill()
    let whole = try salvage()
    expectTrue(whole.salvage, "nothing")
    #expect(whole.salvage.results.count == completeCount)
    #expect(whole.salvage.lost.isEmpty)
    #expect(whole.source.isDatabaseSound)
    let database = try Data(contentsOf: directory.database)
    try FileManager.default.removeItem(at: directory.database)
    let logAlone = try salvage()
    #expect(!logAlone.source.isDatabaseSound)
    #expect(logAlone.source.damage.isEmpty)
    #expect(logAlone.salvage.records == whole.salvage.records)
    try database.write(to: directory.database)
    try FileManager.default.removeItem(atPath: directory.logPath)
    let databaseAlone = try salvage()
    #expect(databaseAlone.salvage.records == whole.salvage.records)
  }

  @Test("Any damage of one page of the database loses nothing")
  func everyPageOfDatabase() throws {
    try fill()
    let bytes = try Data(contentsOf: directory.database)
    var random = SplitMix64(seed: 3)
    for page in 0..<bytes.count / Self.pageByteCount {
      for (what, damaged) in damaged(bytes, page: page, &random) {
        try damaged.write(to: directory.database)
        let (source, salvage) = try salvage()
        expectTrue(salvage, "page \(page) \(what)")
        #expect(salvage.results.count == completeCount, "page \(page) \(what)")
        #expect(salvage.lost.isEmpty)
        #expect(source.damage.isEmpty)
      }
    }
  }

  @Test(
    "With one damaged page of the log, only correct results are kept; with an undamaged database, all"
  )
  func everyPageOfLog() throws {
    try fill()
    let bytes = Data(try directory.logBytes)
    let database = try Data(contentsOf: directory.database)
    var random = SplitMix64(seed: 4)
    var lossCount = 0
    for page in 0...bytes.count / Self.pageByteCount {
      for (what, damaged) in damaged(bytes, page: page, &random) where damaged != bytes {
        try damaged.write(to: URL(filePath: directory.logPath))
        try database.write(to: directory.database)
        let whole = try salvage()
        expectTrue(whole.salvage, "page \(page) \(what), database sound")
        #expect(whole.salvage.results.count == completeCount, "page \(page) \(what)")
        #expect(whole.source.damage.isEmpty)
        try FileManager.default.removeItem(at: directory.database)
        let part = try salvage()
        expectTrue(part.salvage, "page \(page) \(what), no database")
        // A page has parts of at most five results, each of which may have a child.
        #expect(part.salvage.results.count >= completeCount - 16, "page \(page) \(what)")
        if part.salvage.results.count < completeCount {
          lossCount += 1
          #expect(!part.source.damage.isEmpty, "page \(page) \(what)")
        }
      }
    }
    #expect(lossCount > 10)
  }

  @Test("Damage of one byte of the log loses at most its result and that of its child")
  func bytesOfLog() throws {
    try fill()
    let bytes = Data(try directory.logBytes)
    try FileManager.default.removeItem(at: directory.database)
    var random = SplitMix64(seed: 5)
    #if DEBUG
      let count = 100
    #else
      let count = 2000
    #endif
    for _ in 0..<count {
      let place = Int(random.next() % UInt64(bytes.count))
      var damaged = bytes
      damaged[place] ^= UInt8(truncatingIfNeeded: 1 + random.next() % 255)
      try damaged.write(to: URL(filePath: directory.logPath))
      let (source, salvage) = try salvage()
      expectTrue(salvage, "byte \(place)")
      #expect(salvage.results.count >= completeCount - 2, "byte \(place)")
      #expect(source.damage.count == 1, "byte \(place)")
    }
  }

  @Test("A result that depends on a lost one is lost too, and both are named with the reason")
  func orphans() throws {
    try fill()
    try FileManager.default.removeItem(at: directory.database)
    let findings = try LogFindings(path: directory.logPath)
    let place = try #require(
      zip(findings.entries, findings.offsets).first {
        if case .result(family.trials[4].id, _, _, _, _) = $0.0 { true } else { false }
      }?.1)
    var bytes = try directory.logBytes
    bytes[place + 300] ^= 1
    try Data(bytes).write(to: URL(filePath: directory.logPath))
    let (source, salvage) = try salvage()
    expectTrue(salvage, "a flipped bit")
    #expect(salvage.lost.map(\.trial) == [family.trials[4].id, family.trials[64].id])
    #expect(salvage.lost.first?.reason.contains("prove to be no entry") == true)
    #expect(salvage.lost.last?.reason.contains("which is lost") == true)
    #expect(source.damage.count == 1)
  }

  @Test("If the log has lost the plan, that of the database is used, or the sweep file")
  func plans() throws {
    try fill()
    var bytes = try directory.logBytes
    bytes[ResultLogHeader.byteCount + 500] ^= 1
    try Data(bytes).write(to: URL(filePath: directory.logPath))
    // A journal that is damaged does not make the plan wrong.
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    try queue.write { try $0.execute(sql: "UPDATE journal SET attempt = 7 WHERE sequence = 5") }
    try queue.close()
    let withPlan = try SalvageSource(directory: directory.url)
    #expect(withPlan.plan?.plan == family)
    #expect(!withPlan.isDatabaseSound)
    #expect(!withPlan.isPlanUnsure)

    try FileManager.default.removeItem(at: directory.database)
    let source = try SalvageSource(directory: directory.url)
    #expect(source.plan == nil)
    #expect(source.overlap(with: family).known == completeCount)
    let salvage = source.salvage(of: family)
    expectTrue(salvage, "the loss of the plan")
    #expect(salvage.results.count == completeCount)
    let other = StoreTests.plan(tolerances: [1000, 2000])
    #expect(source.overlap(with: other).known == 0)
    #expect(source.salvage(of: other).results.isEmpty)
    #expect(source.salvage(of: other).unplannedCount == completeCount)
  }

  @Test("A plan that a lost plan may have replaced is reported as uncertain")
  func laterPlan() throws {
    try fill()
    let end = try directory.logBytes.count
    let longer = StoreTests.plan(tolerances: (1...70).map(Double.init))
    try open(longer, in: directory).close()
    try FileManager.default.removeItem(at: directory.database)
    let latest = try SalvageSource(directory: directory.url)
    #expect(latest.plan?.plan == longer)
    #expect(!latest.isPlanUnsure)
    var bytes = try directory.logBytes
    bytes[end + 500] ^= 1
    try Data(bytes).write(to: URL(filePath: directory.logPath))
    let source = try SalvageSource(directory: directory.url)
    #expect(source.plan?.plan == family)
    #expect(source.isPlanUnsure)
  }

  @Test("A group that was synced but not committed is salvaged")
  func uncommittedGroup() throws {
    try fill()
    let before = try Data(contentsOf: directory.database)
    let store = try open(family, in: directory)
    try store.append([recorded(disbelieved, attempt: 2)])
    try store.close()
    try before.write(to: directory.database)
    let (source, salvage) = try salvage()
    #expect(source.isDatabaseSound)
    #expect(salvage.results[disbelieved.id] == result(of: disbelieved))
    #expect(salvage.results.count == completeCount + 1)
  }

  @Test("The salvaged store is a normal store, and names its source")
  func newStore() throws {
    try fill()
    let (_, salvage) = try salvage()
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
    try expectLogWhole(in: target)
    #expect(try SweepReader.open(directory: directory.url).salvage() == nil)
    let again = try open(family, in: target)
    #expect(again.change == PlanChange(keptCount: 80, added: [], orphaned: []))
    #expect(!again.isLogRewritten)
    try again.append([recorded(family.trials[79])])
    #expect(try again.journal() == salvage.records.map(\.record) + [recorded(family.trials[79])])
    #expect(try reader.salvage() == note)
    try expectLogWhole(in: target)
  }

  @Test("The damaged folder is unchanged, also one of an earlier format")
  func untouched() throws {
    try fill()
    let former = try #require(
      Bundle.module.url(forResource: "complete", withExtension: "sqlite", subdirectory: "Former"))
    for isFormer in [false, true] {
      if isFormer {
        try Data(contentsOf: former).write(to: directory.database)
        try FileManager.default.removeItem(atPath: directory.logPath)
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
      let before = try names.map { try Data(contentsOf: directory.url.appending(path: $0)) }
      let source = try SalvageSource(directory: directory.url)
      #expect(source.isDatabaseSound)
      let plan = try #require(source.plan?.plan)
      #expect(source.salvage(of: plan).results.count == (isFormer ? 3 : completeCount))
      let after = try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
      #expect(after == names)
      #expect(try names.map { try Data(contentsOf: directory.url.appending(path: $0)) } == before)
    }
  }

  @Test("A folder without any record of a sweep is refused")
  func nothing() throws {
    guard case .missing = storeError({ _ = try SalvageSource(directory: directory.url) }) else {
      Issue.record("not refused")
      return
    }
    try Data(count: 3 * Self.pageByteCount).write(to: directory.database)
    guard case .foreign = storeError({ _ = try SalvageSource(directory: directory.url) }) else {
      Issue.record("not refused")
      return
    }
    try Data(count: 3 * Self.pageByteCount).write(to: URL(filePath: directory.logPath))
    guard case .foreign = storeError({ _ = try SalvageSource(directory: directory.url) }) else {
      Issue.record("not refused")
      return
    }
  }
}
