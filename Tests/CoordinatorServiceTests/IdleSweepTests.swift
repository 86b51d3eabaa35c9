import Coordination
import Foundation
import Store
import TestSupport
import Testing
import Trials

@testable import CoordinatorService

/// Requests about a sweep without a coordinator.
@Suite("A stopped sweep")
struct IdleSweepTests {
  private let folder: TemporaryFolder
  private let plan: SweepPlan
  /// Both are of stage `baseline`.
  private let first: PlannedTrial
  private let second: PlannedTrial
  /// It waits for the first one.
  private let child: PlannedTrial

  init() throws {
    folder = try TemporaryFolder()
    func trial(_ stage: String, seed: UInt64, _ tolerance: Parameter<Double>) -> PlannedTrial {
      PlannedTrial(
        stage: stage, replicate: 0,
        configuration: TrialConfiguration(
          dataset: .mnist, model: ModelSettings(channels: [8, 8, 16], latents: .value(4)),
          tolerance: tolerance, milestones: [.batches(100)], seed: seed))
    }
    first = trial("baseline", seed: 1, .value(0))
    second = trial("baseline", seed: 2, .value(0))
    child = trial(
      "narrowed", seed: 1, .measured(ParentMeasurement(trial: first.id, output: .mse)))
    plan = SweepPlan(
      name: "two", question: "Are people heard?", outputs: [], trials: [first, second, child])
  }

  /// Appends records to the sweep's journal.
  private func append(_ records: [JournalRecord]) throws {
    let store = try SweepStore.open(
      directory: folder.url, plan: plan, sweepText: "sweep: two\n")
    try store.append(records)
    try store.close()
  }

  private var journal: [JournalRecord] {
    get throws { try SweepReader.open(directory: folder.url).history().map(\.record) }
  }

  private func announcement(
    _ worker: String, host: String, claiming trial: PlannedTrial, attempt: Int
  ) -> Event {
    .workerAnnounced(
      WorkerAnnouncement(
        worker: WorkerID(worker), host: host, slots: 1,
        claims: [AttemptClaim(trial: trial.id, attempt: attempt)]),
      on: ConnectionID(Array(worker.utf8)))
  }

  @Test("every request gives the same records as in a running sweep")
  func wishes() throws {
    let begun: [JournalRecord] = [
      .limitsSet(SweepLimits()),
      .trialLeased(trial: first.id, attempt: 1, worker: WorkerID("a")),
      .trialDuplicated(trial: first.id, attempt: 2, worker: WorkerID("b")),
      .trialLeased(trial: second.id, attempt: 1, worker: WorkerID("c")),
      .stagePaused(
        stage: "narrowed", failure: TrialFailure(cause: .exitCode, message: "all died")),
    ]
    try append(begun)
    var settings = CoordinationSettings()
    settings.duplicatesStragglers = false
    var running = Coordinator(plan: plan.trials, settings: settings)
    for record in begun { try running.replay(record) }
    let now = Instant(sinceStart: .zero)
    var expected = begun + running.resume(at: now).records
    for event in [
      announcement("a", host: "north", claiming: first, attempt: 1),
      announcement("b", host: "north", claiming: first, attempt: 2),
      announcement("c", host: "south", claiming: second, attempt: 1),
    ] {
      expected += running.handle(event, at: now).records
    }
    #expect(expected == begun)

    let desk = AdministrationDesk(plan: plan, folder: "two", endpoint: "tcp://127.0.0.1:5750")
    for request in [
      // From here on the workers that run the first trial get no lease.
      AdministrationRequest(.drain, host: "north", reason: "it is hot"),
      AdministrationRequest(.cancel, trials: ["\(first.id)"], reason: "not needed"),
      AdministrationRequest(.retry, trials: ["\(child.id)"]),
      AdministrationRequest(.cancel, trials: ["\(first.id)"]),
      AdministrationRequest(.retry, failed: true),
      AdministrationRequest(.cancel, trials: ["\(child.id)", "\(first.id)"]),
      AdministrationRequest(.resumeStage, stage: "narrowed"),
      AdministrationRequest(.undrain, host: "north"),
    ] {
      guard case .event(let event, let reply) = desk.decide(request, running, at: now) else {
        Issue.record("\(request) is no wish")
        continue
      }
      let records = running.handle(event, at: now).records
      #expect(!records.isEmpty)
      expected += records
      #expect(try IdleSweep(folder.url).perform(request) == reply)
      #expect(try journal == expected, "\(request)")
    }
    #expect(
      !expected.contains { record in
        if case .attemptEnded(second.id, _, _) = record { true } else { false }
      })
  }

  @Test(
    "a reason that the record cannot show in one line is refused",
    arguments: [
      "y\n2 of 2 trials complete", "\u{1b}[2J", " ", "", "\u{202e}x",
      String(repeating: "x", count: 4097),
    ])
  func reason(_ reason: String) throws {
    try append([.limitsSet(SweepLimits())])
    let before = try journal
    for request in [
      AdministrationRequest(.cancel, trials: ["\(first.id)"], reason: reason),
      AdministrationRequest(.discard, trials: ["\(first.id)"], reason: reason),
      AdministrationRequest(.drain, host: "north", reason: reason),
      AdministrationRequest(.drain, host: reason),
    ] {
      let refusal = try IdleSweep(folder.url).perform(request).error
      #expect(refusal?.contains("expected") == true, "\(request.command)")
    }
    #expect(try journal == before)
    #expect(AdministrationRequest.defect(of: "it is hot: 東京, 🙂") == nil)
  }

  @Test("a trial of an ended sweep is retried, with the parent that it needs")
  func ended() throws {
    var limits = SweepLimits()
    limits.failures = 0
    let failure = TrialFailure(cause: .exitCode, message: "it broke")
    let begun: [JournalRecord] = [
      .limitsSet(limits), .trialStopped(trial: second.id, reason: "not needed"),
      .trialFailed(trial: first.id, failure: failure),
      .trialFailed(
        trial: child.id, failure: TrialFailure(cause: .parentFailed, message: "its parent failed")),
    ]
    try append(begun)
    _ = try IdleSweep(folder.url).perform(
      AdministrationRequest(.retry, trials: ["\(child.id)"]))
    #expect(
      try journal == begun + [.trialRetried(trial: child.id), .trialRetried(trial: first.id)])
  }

  @Test("consequences of a record that a crash cut off are recorded with the request")
  func cutOff() throws {
    let begun: [JournalRecord] = [
      .limitsSet(SweepLimits()), .trialStopped(trial: first.id, reason: "not needed"),
    ]
    try append(begun)
    _ = try IdleSweep(folder.url).perform(
      AdministrationRequest(.cancel, trials: ["\(second.id)"]))
    let news = try journal.dropFirst(begun.count)
    guard case .trialFailed(child.id, let failure)? = news.first else {
      Issue.record("\(news)")
      return
    }
    #expect(failure.cause == .parentFailed)
    #expect(Array(news.dropFirst()) == [.trialStopped(trial: second.id, reason: "cancelled")])
  }
}
