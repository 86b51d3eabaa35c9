import Coordination
import Files
import Foundation
import Store
import Sweeps
import Trials

/// A sweep that no coordinator runs: answers and changes on its record.
struct IdleSweep {
  private let folder: URL
  private let plan: SweepPlan
  private let coordinator: Coordinator
  private let salvage: SalvageNote?

  /// Reads the record in a sweep's folder.
  ///
  /// - Throws: `StoreError` if it is missing or damaged, `JournalContradiction`.
  init(_ folder: URL) throws {
    self.folder = folder
    let reader = try SweepReader.open(directory: folder)
    plan = try reader.plan()
    salvage = try reader.salvage()
    coordinator = try Self.coordinator(of: plan, after: try reader.history().map(\.record))
  }

  private static func coordinator(
    of plan: SweepPlan, after journal: [JournalRecord], isEndless: Bool = false
  ) throws -> Coordinator {
    let costs = PlanSummary(plan).trials.map { ($0.id, $0.seconds) }
    var settings = CoordinationSettings(limits: journal.limits ?? SweepLimits())
    if isEndless { settings.failureLimit = nil }
    var coordinator = Coordinator(
      plan: plan.trials + (isEndless ? [placeholder] : []),
      expectedCost: Dictionary(uniqueKeysWithValues: costs), settings: settings)
    for record in journal { try coordinator.replay(record) }
    return coordinator
  }

  /// A placeholder trial without milestones, which no sweep can plan and nobody runs.
  ///
  /// A coordinator ignores requests once its sweep has ended. With this waiting trial, and without
  /// a failure limit, the sweep never ends, so that trials of an ended sweep can be retried.
  private static let placeholder = PlannedTrial(
    stage: "", replicate: 0,
    configuration: TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [], latents: .value(1)),
      tolerance: .value(0), milestones: [], seed: 0))

  /// Carries out a request.
  ///
  /// - Throws: `StoreError` if a change cannot be written, for example because a coordinator has
  ///   just started.
  func perform(_ request: AdministrationRequest) throws -> AdministrationReply {
    let desk = AdministrationDesk(
      plan: plan, folder: folder.relativePath, endpoint: nil, salvage: salvage.map { "\($0)" })
    switch desk.decide(request, coordinator, at: nil) {
    case .answer(let reply): return reply
    case .event: return try change(request)
    }
  }

  /// Records a change while holding the sweep's lock.
  ///
  /// A coordinator handles the change as in a running sweep, and its records are appended. No
  /// worker is connected, so nothing is leased, and no open lease expires at the moment of the
  /// start.
  private func change(_ request: AdministrationRequest) throws -> AdministrationReply {
    let reader = try SweepReader.open(directory: folder)
    let plan = try reader.plan()
    let store = try SweepStore.open(
      directory: folder, plan: plan, sweepText: try reader.sweepText())
    // Read the journal again: a coordinator may have run between the first read and the lock.
    var coordinator = try Self.coordinator(of: plan, after: try store.journal(), isEndless: true)
    let start = Instant(sinceStart: .zero)
    var effects = coordinator.resume(at: start)
    let desk = AdministrationDesk(plan: plan, folder: folder.relativePath, endpoint: nil)
    switch desk.decide(request, coordinator, at: nil) {
    case .answer(let reply): return reply
    case .event(let event, let reply):
      effects += coordinator.handle(event, at: start)
      try store.append(effects.records)
      try store.close()
      return reply
    }
  }
}
