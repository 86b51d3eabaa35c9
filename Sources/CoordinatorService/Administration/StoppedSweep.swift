import Coordination
import Files
import Foundation
import Store
import Sweeps
import Trials

/// A sweep without a coordinator: what its record says, and changes to it.
struct StoppedSweep {
  private let folder: URL
  private let plan: SweepPlan
  private let coordinator: Coordinator
  private let salvage: SalvageNote?

  /// Reads the record in a sweep's folder.
  ///
  /// - Throws: `StoreError` when there is none or it is damaged, `JournalContradiction`.
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
      plan: plan.trials + (isEndless ? [bystander] : []),
      expectedCost: Dictionary(uniqueKeysWithValues: costs), settings: settings)
    for record in journal { try coordinator.replay(record) }
    return coordinator
  }

  /// A trial that no sweep plans, since it has no budget, and that nobody runs.
  ///
  /// A coordinator whose sweep has ended does nothing more. With this trial, and without a limit of
  /// failures, no sweep has, so that trials of an ended one can be tried again.
  private static let bystander = PlannedTrial(
    stage: "", replicate: 0,
    configuration: TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [], latents: .value(1)),
      tolerance: .value(0), milestones: [], seed: 0))

  /// Meets a request.
  ///
  /// - Throws: `StoreError` when a change cannot be written, as when a coordinator has just begun.
  func perform(_ request: AdministrationRequest) throws -> AdministrationReply {
    let desk = AdministrationDesk(
      plan: plan, folder: folder.relativePath, endpoint: nil, salvage: salvage.map { "\($0)" })
    switch desk.decide(request, coordinator, at: nil) {
    case .answer(let reply): return reply
    case .event: return try change(request)
    }
  }

  /// Writes a change down, with the sweep's lock held.
  ///
  /// A coordinator decides, as in a sweep that runs, and only its records are kept: nobody is
  /// connected, so nothing is leased, and at the moment of its start no open lease has run out.
  private func change(_ request: AdministrationRequest) throws -> AdministrationReply {
    let reader = try SweepReader.open(directory: folder)
    let plan = try reader.plan()
    let store = try SweepStore.open(
      directory: folder, plan: plan, sweepText: try reader.sweepText())
    // Between the first reading and the lock a coordinator may have come and gone.
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
