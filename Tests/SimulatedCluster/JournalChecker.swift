import Coordination
import Trials

/// What must hold of the journal and of every directive, checked against a model of its own that
/// shares no code with the coordinator.
package struct JournalChecker: Sendable {
  private let planned: [TrialID: PlannedTrial]
  private let attemptLimit: Int
  private var models: [TrialID: Model] = [:]
  private var slots: [WorkerID: Int] = [:]
  private var leaseCounts: [WorkerID: Int] = [:]
  /// What was found to be wrong, in order.
  package private(set) var violations: [String] = []

  private struct Model {
    var attempts = 0
    var chargedFailures = 0
    var hasFailed = false
    var lease: (attempt: Int, worker: WorkerID)?
    var result: TrialResult?
  }

  /// A checker for a plan.
  package init(plan: [PlannedTrial], attemptLimit: Int) {
    planned = Dictionary(uniqueKeysWithValues: plan.map { ($0.id, $0) })
    self.attemptLimit = attemptLimit
    for trial in plan { models[trial.id] = Model() }
  }

  /// Tells of a worker that exists.
  package mutating func noteWorker(_ worker: WorkerID, slots: Int) { self.slots[worker] = slots }

  /// Notes a violation that somebody else found.
  package mutating func report(_ violation: String) { violations.append(violation) }

  /// The recorded results, by trial.
  package var results: [TrialID: TrialResult] { models.compactMapValues(\.result) }

  /// How many trials have each status.
  package var counts: TrialCounts {
    var counts = TrialCounts()
    for model in models.values {
      if model.result != nil {
        counts.complete += 1
      } else if model.hasFailed {
        counts.failed += 1
      } else if model.lease != nil {
        counts.running += 1
      } else {
        counts.waiting += 1
      }
    }
    return counts
  }

  /// A trial's configuration with the numbers that its parents' recorded results have; nil while
  /// one is missing or does not fit.
  package func configuration(of trial: TrialID) -> TrialConfiguration? {
    try? planned[trial]?.configuration.resolved { models[$0]?.result?.milestones.last }
  }

  /// Checks a record that has just become durable.
  package mutating func noteAppended(_ record: JournalRecord) {
    switch record {
    case .imagesPinned, .trialDuplicated, .checkpointRecorded, .trialStopped, .hostDrained,
      .hostUndrained, .stagePaused, .stageResumed:
      break
    case .trialLeased(let trial, let attempt, let worker): noteLease(trial, attempt, worker)
    case .attemptEnded(let trial, let attempt, let failure):
      check(models[trial]?.lease?.attempt == attempt, "attempt \(attempt) of \(trial) not leased")
      endLease(of: trial)
      if failure.cause.chargesTrial { models[trial]?.chargedFailures += 1 }
    case .resultRecorded(let trial, let attempt, _, let result):
      check(models[trial]?.result == nil, "a second result of \(trial)")
      check(attempt <= models[trial]?.attempts ?? 0, "\(trial): result of a future attempt")
      if let configuration = configuration(of: trial) {
        check(
          result == SimulatedSweep.result(of: configuration), "\(trial): not its own result")
      } else {
        check(false, "\(trial): a result before its parents'")
      }
      endLease(of: trial)
      models[trial]?.result = result
      models[trial]?.hasFailed = false
    case .trialFailed(let trial, _):
      noteFailure(trial)
    case .trialRetried(let trial):
      check(models[trial]?.hasFailed == true, "\(trial) retried without having failed")
      models[trial]?.hasFailed = false
      models[trial]?.chargedFailures = 0
    }
  }

  private mutating func noteLease(_ trial: TrialID, _ attempt: Int, _ worker: WorkerID) {
    guard let model = models[trial] else { return check(false, "\(trial) is not planned") }
    check(model.lease == nil, "\(trial) leased twice at once")
    check(model.result == nil && !model.hasFailed, "\(trial) leased after its end")
    check(attempt == model.attempts + 1, "\(trial): attempt \(attempt) after \(model.attempts)")
    check(configuration(of: trial) != nil, "\(trial) leased before its parents' results")
    models[trial]?.attempts = attempt
    models[trial]?.lease = (attempt, worker)
    leaseCounts[worker, default: 0] += 1
    check(
      leaseCounts[worker, default: 0] <= slots[worker, default: 0],
      "worker \(worker) has more leases than slots")
  }

  private mutating func noteFailure(_ trial: TrialID) {
    guard let model = models[trial], let plan = planned[trial] else { return }
    check(model.lease == nil, "\(trial) failed while it was leased")
    check(model.result == nil, "\(trial) failed after its result")
    let hasFailedParent = plan.parents.contains { models[$0]?.hasFailed == true }
    let hasAllParents = plan.parents.allSatisfy { models[$0]?.result != nil }
    check(
      hasFailedParent || model.chargedFailures >= attemptLimit
        || (hasAllParents && configuration(of: trial) == nil), "\(trial) failed without a reason")
    models[trial]?.hasFailed = true
  }

  private mutating func endLease(of trial: TrialID) {
    if let worker = models[trial]?.lease?.worker { leaseCounts[worker, default: 0] -= 1 }
    models[trial]?.lease = nil
  }

  /// Checks a directive as it leaves: whatever it rests on must be durable.
  package mutating func noteSent(_ directive: Directive, to worker: WorkerID?) {
    switch directive {
    case .assign(let assignment):
      let model = models[assignment.trial]
      check(
        model?.lease?.attempt == assignment.attempt,
        "\(assignment.trial): attempt \(assignment.attempt) assigned before it was written down")
      if let worker, let lease = model?.lease {
        check(lease.worker == worker, "\(assignment.trial) assigned to another than its lessee")
      }
      check(
        assignment.configuration == configuration(of: assignment.trial),
        "\(assignment.trial): assigned with other numbers than its parents'")
    case .acknowledge(let trial, let attempt):
      check(
        models[trial]?.result != nil,
        "\(trial): attempt \(attempt) acknowledged before a result was written down")
    case .abandon(let trial, let attempt, _):
      check(
        !isLeased(trial, attempt, to: worker),
        "\(trial): attempt \(attempt) abandoned while its lease is open")
    case .welcome, .heartbeat, .announceAgain, .drain, .shutDown: break
    }
  }

  /// Checks that a result may be forgotten by the worker that holds it.
  package mutating func noteForgotten(_ trial: TrialID, _ result: TrialResult) {
    check(models[trial]?.result == result, "\(trial): a result was forgotten but not recorded")
  }

  private func isLeased(_ trial: TrialID, _ attempt: Int, to worker: WorkerID?) -> Bool {
    guard let lease = models[trial]?.lease else { return false }
    return lease.attempt == attempt && lease.worker == worker
  }

  private mutating func check(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { violations.append(violation()) }
  }
}
