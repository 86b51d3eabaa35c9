import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials

@Suite("A reader concurrent with the store")
struct SweepReaderTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10, 30])
  let lost = TrialFailure(cause: .lost, message: "silent for 60 s")

  init() throws { directory = try TemporaryFolder() }

  @Test("It sees each commit at once, and has the plan from the store")
  func followsTheWriter() throws {
    let store = try open(front, in: directory)
    let reader = try SweepReader.open(directory: directory.url)
    #expect(try reader.plan() == front)
    #expect(try reader.sweepText() == "name: front\n")
    #expect(try reader.results().trials.map(\.status) == [.waiting, .waiting, .waiting])
    try store.append([lease(front.trials[0])])
    #expect(try reader.results().trials.map(\.status) == [.running, .waiting, .waiting])
    try store.append([recorded(front.trials[0])])
    let results = try reader.results()
    #expect(results.trials.map(\.status) == [.complete, .waiting, .waiting])
    #expect(results.trials[0].result == result(of: front.trials[0]))
  }

  @Test("The store's own reader and a separate one agree, and notice a changed plan")
  func readerOfTheStore() throws {
    var limited = front
    limited.limits.failures = 3
    var store: SweepStore? = try open(limited, in: directory)
    let own = try #require(try store?.reader())
    let other = try SweepReader.open(directory: directory.url)
    try store?.append([lease(front.trials[0]), recorded(front.trials[0])])
    #expect(try own.results().trials.map(\.status) == [.complete, .waiting, .waiting])
    #expect(try own.results() == other.results())
    #expect(try own.plan() == front)
    #expect(try own.sweepText() == other.sweepText())
    store = nil
    let longer = plan(tolerances: [3, 10, 30, 100])
    _ = try open(longer, in: directory)
    #expect(try own.plan() == longer)
  }

  @Test("After the coordinator has ended, it gives the same results")
  func worksWithoutWriter() throws {
    let live: SweepResults
    do {
      let store = try open(front, in: directory)
      try store.append(front.trials.map { lease($0) } + [recorded(front.trials[1])])
      live = SweepResults(plan: front, records: try store.journal())
      try store.close()
    }
    #expect(try SweepReader.open(directory: directory.url).results() == live)
  }

  @Test("The state of a trial follows its newest attempt, and a result is final")
  func standing() throws {
    let (first, second, third) = (front.trials[0], front.trials[1], front.trials[2])
    let crash = TrialFailure(cause: .signal, message: "signal 11")
    let results = SweepResults(
      plan: front,
      records: [
        // Ended after its trial was leased again: the newer lease stands.
        lease(first), lease(first, attempt: 2, to: workerB),
        .attemptEnded(trial: first.id, attempt: 1, failure: lost),
        // A late result of a lost attempt is the result.
        lease(second), .attemptEnded(trial: second.id, attempt: 1, failure: lost),
        lease(second, attempt: 2, to: workerB), recorded(second, attempt: 1),
        .attemptEnded(trial: second.id, attempt: 2, failure: crash),
        .trialFailed(trial: third.id, failure: crash),
      ])
    #expect(results.trials.map(\.status) == [.running, .complete, .failed])
    #expect(results.trials.map(\.attempts) == [2, 2, 0])
    #expect(results.trials.map(\.worker) == ["worker-b", "worker-a", nil])
    #expect(results.trials.map(\.failure) == [lost, nil, crash])

    let retried = SweepResults(
      plan: front,
      records: [
        .trialFailed(trial: first.id, failure: crash), .trialRetried(trial: first.id),
        recorded(second), .trialRetried(trial: second.id),
      ])
    #expect(retried.trials.map(\.status) == [.waiting, .complete, .waiting])
  }

  @Test("Every attempt is remembered with worker, times and outcome")
  func attempts() throws {
    let store = try open(front, in: directory)
    let trial = front.trials[0]
    func append(_ record: JournalRecord, at second: Double) throws {
      try store.append([record], at: Date(timeIntervalSince1970: second))
    }
    try append(lease(trial), at: 10)
    try append(.attemptEnded(trial: trial.id, attempt: 1, failure: lost), at: 20)
    try append(lease(trial, attempt: 2, to: workerB), at: 30)
    try append(recorded(trial, attempt: 2, by: workerB), at: 40)
    try append(lease(front.trials[1]), at: 50)
    func date(_ second: Double) -> Date { Date(timeIntervalSince1970: second) }
    #expect(
      try SweepReader.open(directory: directory.url).attempts() == [
        AttemptRecord(
          trial: trial.id, attempt: 1, worker: workerA, begun: date(10), ended: date(20),
          outcome: .failed(lost)),
        AttemptRecord(
          trial: trial.id, attempt: 2, worker: workerB, begun: date(30), ended: date(40),
          outcome: .recorded),
        AttemptRecord(
          trial: front.trials[1].id, attempt: 1, worker: workerA, begun: date(50), ended: nil,
          outcome: .running),
      ])
  }

  @Test("A directory without a store is reported")
  func missing() {
    guard
      case .missing = storeError({ _ = try SweepReader.open(directory: directory.url) })
    else {
      Issue.record("no error")
      return
    }
  }
}
