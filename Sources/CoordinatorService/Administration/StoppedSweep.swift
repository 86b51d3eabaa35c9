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
    coordinator = try Self.replay(plan, try reader.history().map(\.record))
  }

  private static func replay(
    _ plan: SweepPlan, _ journal: [JournalRecord]
  ) throws -> Coordinator {
    let costs = PlanSummary(plan).trials.map { ($0.id, $0.seconds) }
    var coordinator = Coordinator(
      plan: plan.trials, expectedCost: Dictionary(uniqueKeysWithValues: costs),
      settings: CoordinationSettings(limits: journal.limits ?? SweepLimits()))
    for record in journal { try coordinator.replay(record) }
    return coordinator
  }

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
  private func change(_ request: AdministrationRequest) throws -> AdministrationReply {
    let reader = try SweepReader.open(directory: folder)
    let plan = try reader.plan()
    let store = try SweepStore.open(
      directory: folder, plan: plan, sweepText: try reader.sweepText())
    // Between the first reading and the lock a coordinator may have come and gone.
    let journal = try store.journal()
    var coordinator = try Self.replay(plan, journal)
    let desk = AdministrationDesk(plan: plan, folder: folder.relativePath, endpoint: nil)
    let event: Event
    let changes: [String]
    do throws(AdministrationError) {
      (event, changes) = try desk.change(request, coordinator)
    } catch {
      return .refusal(error)
    }
    let records = records(for: event, coordinator, after: journal)
    for record in records { try coordinator.replay(record) }
    try store.append(records)
    try store.close()
    return AdministrationReply(changes: changes)
  }

  /// The records that a person's wish makes when nobody runs.
  ///
  /// What follows from them, such as the failure of trials that wait for a cancelled one, the next
  /// coordinator concludes.
  private func records(
    for event: Event, _ coordinator: Coordinator, after journal: [JournalRecord]
  ) -> [JournalRecord] {
    switch event {
    case .cancelRequested(let trials, let reason):
      let failure = TrialFailure(cause: .stopped, message: reason)
      let open = Self.openAttempts(in: journal)
      return trials.flatMap { trial in
        (open[trial] ?? []).map { .attemptEnded(trial: trial, attempt: $0, failure: failure) }
          + [.trialStopped(trial: trial, reason: reason)]
      }
    case .retryRequested(let trials):
      return withParents(trials, coordinator).map { .trialRetried(trial: $0) }
    case .drainRequested(let host, let reason): return [.hostDrained(host: host, reason: reason)]
    case .undrainRequested(let host): return [.hostUndrained(host: host)]
    case .resumeRequested(let stage): return [.stageResumed(stage: stage)]
    default: return []
    }
  }

  /// Trials and the failed or stopped ones that they need, parents first.
  private func withParents(_ trials: [TrialID], _ coordinator: Coordinator) -> [TrialID] {
    var wanted = Set(trials)
    for planned in plan.trials.reversed() where wanted.contains(planned.id) {
      wanted.formUnion(planned.parents)
    }
    return plan.trials.map(\.id).filter {
      wanted.contains($0) && [.failed, .stopped].contains(coordinator.standing(of: $0)?.status)
    }
  }

  /// The attempts that were handed out and have not ended, by trial.
  private static func openAttempts(in journal: [JournalRecord]) -> [TrialID: [Int]] {
    var open: [TrialID: [Int]] = [:]
    for record in journal {
      switch record {
      case .trialLeased(let trial, let attempt, _), .trialDuplicated(let trial, let attempt, _):
        open[trial, default: []].append(attempt)
      case .attemptEnded(let trial, let attempt, _): open[trial]?.removeAll { $0 == attempt }
      case .resultRecorded(let trial, _, _, _): open[trial] = nil
      default: break
      }
    }
    return open
  }
}
