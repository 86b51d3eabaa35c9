import Coordination
import Trials

extension SweepResults {
  /// The standing of every planned trial after the records of a journal.
  package init(plan: SweepPlan, records: some Sequence<JournalRecord>) {
    var trials = plan.trials.map { planned in
      RecordedTrial(
        planned: planned, status: .waiting, attempts: 0, result: nil, failure: nil, worker: nil)
    }
    let indices = Dictionary(
      plan.trials.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    func update(_ trial: TrialID, _ change: (inout RecordedTrial) -> Void) {
      if let index = indices[trial] { change(&trials[index]) }
    }
    for record in records {
      switch record {
      case .imagesPinned, .checkpointRecorded, .hostDrained, .hostUndrained, .stagePaused,
        .stageResumed:
        break
      case .trialLeased(let trial, let attempt, let worker),
        .trialDuplicated(let trial, let attempt, let worker):
        update(trial) { recorded in
          recorded.attempts = max(recorded.attempts, attempt)
          guard recorded.status != .complete else { return }
          recorded.status = .running
          recorded.worker = worker.rawValue
        }
      case .attemptEnded(let trial, let attempt, let failure):
        update(trial) { recorded in
          guard recorded.status != .complete else { return }
          recorded.failure = failure
          // An attempt before the newest one ends without touching that one's lease.
          guard recorded.status == .running, attempt == recorded.attempts else { return }
          recorded.status = .waiting
          recorded.worker = nil
        }
      case .resultRecorded(let trial, let attempt, let worker, let result):
        update(trial) { recorded in
          recorded.attempts = max(recorded.attempts, attempt)
          recorded.status = .complete
          recorded.result = result
          recorded.failure = nil
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
    self.init(plan: plan, trials: trials)
  }
}
