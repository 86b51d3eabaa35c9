import Coordination
import Trials

/// Computes the state of every planned trial from the records of a journal.
struct ResultsFold: Sendable {
  /// The state after the records so far.
  private(set) var results: SweepResults
  private let indices: [TrialID: Int]
  /// The open attempts and their workers: one for a running trial, two for a duplicated one.
  private var open: [Int: [(attempt: Int, worker: String)]] = [:]
  private var uploads = CheckpointUploads()

  /// The state of a plan before the first record.
  init(plan: SweepPlan) {
    results = SweepResults(
      plan: plan,
      trials: plan.trials.map { planned in
        RecordedTrial(
          planned: planned, status: .waiting, attempts: 0, result: nil, failure: nil, worker: nil)
      })
    indices = Dictionary(
      plan.trials.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// A trial's index in the plan; nil if it is not planned.
  func place(of trial: TrialID) -> Int? { indices[trial] }

  private mutating func update(_ trial: TrialID, _ change: (inout RecordedTrial) -> Void) {
    if let index = indices[trial] { change(&results.trials[index]) }
  }

  /// Applies the next record.
  mutating func note(_ record: JournalRecord) {
    uploads.note(record)
    switch record {
    case .imagesPinned, .workerIntroduced, .trajectoryExtended, .checkpointRecorded,
      .checkpointDistrusted, .checkpointDropped,
      .hostDrained, .hostUndrained, .stagePaused,
      .stageResumed, .limitsSet:
      break
    case .trialLeased(let trial, let attempt, let worker),
      .trialDuplicated(let trial, let attempt, let worker):
      if let index = indices[trial] {
        open[index, default: []].append((attempt, worker.rawValue))
      }
      update(trial) { recorded in
        recorded.attempts = max(recorded.attempts, attempt)
        guard recorded.status != .complete else { return }
        recorded.status = .running
        recorded.worker = worker.rawValue
      }
    case .attemptEnded(let trial, let attempt, let failure):
      guard let index = indices[trial] else { break }
      open[index]?.removeAll { $0.attempt == attempt }
      let worker = open[index]?.last?.worker
      if worker == nil { open[index] = nil }
      update(trial) { recorded in
        guard recorded.status != .complete else { return }
        recorded.failure = failure
        guard recorded.status == .running else { return }
        if worker == nil { recorded.status = .waiting }
        recorded.worker = worker
      }
    case .reportRecorded(let trial, _, _, _, let place, let report):
      update(trial) { $0.reports[place] = report }
    case .resultReused(let trial, let origin, let received):
      update(trial) { recorded in
        recorded.complete(with: received.result)
        recorded.worker = nil
        recorded.reusedFrom = origin.folder
      }
    case .resultDiscarded(let trial, let reason):
      update(trial) { recorded in
        recorded.status = .waiting
        recorded.result = nil
        recorded.recordedAttempt = nil
        recorded.checkpointOrigins = [:]
        recorded.reusedFrom = nil
        recorded.worker = nil
        recorded.discards.append(reason)
      }
    case .attemptsVoided(let trial, _): update(trial) { $0.reports = [:] }
    case .resultRecorded(let trial, let attempt, let worker, let received, _):
      if let index = indices[trial] { open[index] = nil }
      let origins = uploads.take(trial, for: received.result)
      update(trial) { recorded in
        recorded.checkpointOrigins = origins
        recorded.attempts = max(recorded.attempts, attempt)
        recorded.complete(with: received.result)
        recorded.recordedAttempt = attempt
        recorded.worker = worker.rawValue
      }
    case .trialFailed(let trial, let failure):
      update(trial) { recorded in
        guard recorded.status != .complete else { return }
        recorded.status = .failed
        recorded.failure = failure
        recorded.worker = nil
      }
    case .trialStopped(let trial, let reason):
      update(trial) { recorded in
        guard recorded.status != .complete else { return }
        recorded.status = .stopped
        recorded.failure = TrialFailure(cause: .stopped, message: reason)
        recorded.worker = nil
      }
    case .trialRetried(let trial):
      update(trial) { recorded in
        if recorded.status == .failed || recorded.status == .stopped {
          recorded.status = .waiting
        }
      }
    }
  }
}

extension SweepResults {
  /// The state of every planned trial after the records of a journal.
  package init(plan: SweepPlan, records: some Sequence<JournalRecord>) {
    var fold = ResultsFold(plan: plan)
    for record in records { fold.note(record) }
    self = fold.results
  }
}

extension RecordedTrial {
  /// Takes the result; the reports before it and failures no longer count.
  fileprivate mutating func complete(with result: TrialResult) {
    status = .complete
    self.result = result
    reports = [:]
    failure = nil
  }
}
