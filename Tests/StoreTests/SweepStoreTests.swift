import Coordination
import Digests
import Foundation
import GRDB
import TestSupport
import Testing
import Trials
import Wire

@testable import Store

@Suite("A sweep's store")
struct SweepStoreTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10, 30])

  init() throws { directory = try TemporaryFolder() }

  /// One record of every kind, in an order that can happen.
  var everyKind: [JournalRecord] {
    let lost = TrialFailure(cause: .lost, message: "worker \"a\" fell silent\nfor 60 s")
    let charged = TrialFailure(cause: .notANumber, message: "the loss is NaN at step 7")
    var limits = SweepLimits()
    limits.failures = 0
    limits.canary = .never
    return [
      .limitsSet(SweepLimits()),
      .imagesPinned(dataset: .mnist, digest: Digest.of("images")),
      lease(front.trials[0]),
      lease(front.trials[1]),
      .attemptEnded(trial: front.trials[0].id, attempt: 1, failure: lost),
      .workerIntroduced(worker: workerB, host: "höst"),
      lease(front.trials[0], attempt: 2, to: workerB),
      recorded(front.trials[0], attempt: 2, by: workerB),
      .attemptEnded(trial: front.trials[1].id, attempt: 1, failure: charged),
      .trialFailed(trial: front.trials[1].id, failure: charged),
      .trialRetried(trial: front.trials[1].id),
      lease(front.trials[1], attempt: 2),
      .trialDuplicated(trial: front.trials[1].id, attempt: 3, worker: workerB),
      .reportRecorded(
        trial: front.trials[1].id, attempt: 3, worker: workerB, instructionSet: "avx512", index: 0,
        report: result(of: front.trials[1]).milestones[0]),
      .trajectoryExtended(trial: front.trials[1].id, attempt: 3, piece: piece(after: "", "a,b\n")),
      .checkpointRecorded(
        trial: front.trials[1].id, attempt: 3, checkpoint: checkpoint(prefix("a,b\n"))),
      .checkpointDistrusted(
        trial: front.trials[1].id, attempt: 3, worker: workerB, checkpoint: checkpoint().digest,
        reason: "worker \"w\" refused it: found nan"),
      .checkpointDistrusted(
        trial: front.trials[1].id, attempt: 0, worker: nil, checkpoint: checkpoint().digest,
        reason: "a shorter run's"),
      .resultDiscarded(trial: front.trials[0].id, reason: "the host's memory is \"bad\" ✗"),
      lease(front.trials[0], attempt: 3),
      .resultRecorded(
        trial: front.trials[0].id, attempt: 3, worker: workerA,
        result: ReceivedResult(result(of: front.trials[0])), checkpoint: checkpoint()),
      .checkpointDropped(trial: front.trials[0].id),
      .stagePaused(stage: "narrow", failure: charged),
      .stageResumed(stage: "narrow"),
      .hostDrained(host: "höst", reason: "three \"different\" trials died there"),
      .hostUndrained(host: "höst"),
      .trialStopped(trial: front.trials[2].id, reason: "wrong\nτ"),
      .attemptsVoided(trial: front.trials[2].id, reason: "nobody believes them"),
      .trialRetried(trial: front.trials[2].id),
      reused(front.trials[2]),
      .limitsSet(limits),
    ]
  }

  @Test("Appended records are read back, also after reopening")
  func survivesReopening() throws {
    do {
      let store = try open(front, in: directory)
      #expect(store.change.isEmpty)
      try store.append(Array(everyKind.prefix(3)))
      try store.append(Array(everyKind.dropFirst(3)))
      #expect(try store.journal() == told(everyKind))
      try store.close()
    }
    let store = try open(front, in: directory)
    #expect(store.change == PlanChange(keptCount: 3, added: [], orphaned: []))
    #expect(try store.journal() == told(everyKind))
  }

  @Test("A configuration that is not the planned one is kept in full")
  func foreignConfigurationSurvives() throws {
    let store = try open(front, in: directory)
    var result = result(of: front.trials[0])
    result.provenance.configuration.trainer.learningRate = 0.5
    let record = JournalRecord.resultRecorded(
      trial: front.trials[0].id, attempt: 1, worker: workerA, result: ReceivedResult(result))
    try store.append([record])
    #expect(try store.journal() == [record])
  }

  @Test("A measured tolerance comes back as the value that was used")
  func measuredToleranceSurvives() throws {
    var configuration = front.trials[0].configuration
    configuration.tolerance = .measured(ParentMeasurement(trial: front.trials[0].id, output: .mse))
    let child = PlannedTrial(stage: "child", replicate: 0, configuration: configuration)
    var family = front
    family.trials.append(child)
    let store = try open(family, in: directory)
    var result = result(of: child)
    result.provenance.configuration.tolerance = .value(0.1 + 0.2)
    let record = JournalRecord.resultRecorded(
      trial: child.id, attempt: 1, worker: workerA, result: ReceivedResult(result))
    try store.append([record])
    #expect(try store.journal() == [record])
  }

  @Test("A second result of a trial is refused, with everything in its transaction")
  func resultIsUnique() throws {
    let store = try open(front, in: directory)
    try store.append([recorded(front.trials[0])])
    let error = storeError {
      try store.append([lease(front.trials[1]), recorded(front.trials[0], attempt: 2)])
    }
    guard case .refused = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(try store.journal() == [recorded(front.trials[0])])
  }

  @Test("A data set is pinned to one image archive")
  func pinIsUnique() throws {
    let store = try open(front, in: directory)
    let pin = JournalRecord.imagesPinned(dataset: .mnist, digest: Digest.of("one"))
    try store.append([pin])
    let error = storeError {
      try store.append([.imagesPinned(dataset: .mnist, digest: Digest.of("two"))])
    }
    guard case .refused = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(try store.journal() == [pin])
  }

  @Test("Records about a trial that was never planned are refused")
  func unknownTrialIsRefused() throws {
    let store = try open(front, in: directory)
    let stranger = plan(tolerances: [99]).trials[0]
    for record in [lease(stranger), recorded(stranger)] {
      guard case .refused = storeError({ try store.append([record]) }) else {
        Issue.record("\(record) was not refused")
        return
      }
    }
  }

  @Test("A full disk is reported, and the store stays intact and usable")
  func diskFull() throws {
    let store = try open(front, in: directory)
    try store.append([lease(front.trials[0])])
    let pages = try store.queue.write { database in
      try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    }
    func limit(to count: Int) throws {
      try store.queue.write { try $0.execute(sql: "PRAGMA max_page_count = \(count)") }
    }
    try limit(to: pages)
    let flood = (0..<2000).map { lease(front.trials[1], attempt: $0 + 1) }
    guard case .diskFull = storeError({ try store.append(flood) }) else {
      Issue.record("no error for a full disk")
      return
    }
    #expect(try store.journal() == [lease(front.trials[0])])
    try limit(to: 1_000_000)
    try store.append(flood)
    #expect(try store.journal().count == 2001)
  }

  @Test("Records are stamped with their number and the time given")
  func stamps() throws {
    let store = try open(front, in: directory)
    try store.append(Array(everyKind.prefix(2)), at: Date(timeIntervalSince1970: 1000.125))
    try store.append([everyKind[2]], at: Date(timeIntervalSince1970: 900))
    let history = try SweepReader.open(directory: directory.url).history()
    #expect(history.map(\.sequence) == [1, 2, 3])
    #expect(history.map(\.time.timeIntervalSince1970) == [1000.125, 1000.125, 900])
    #expect(history.map(\.record) == Array(everyKind.prefix(3)))
  }

  @Test("A store keeps its identity when the plan changes, and no other store has it")
  func identity() throws {
    let first = try open(front, in: directory).identity()
    #expect(first.count == 16)
    #expect(try open(plan(tolerances: [5]), in: directory).identity() == first)
    #expect(try open(front, in: TemporaryFolder()).identity() != first)
  }
}
