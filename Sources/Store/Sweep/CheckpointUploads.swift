import Coordination
import Trials

/// Which worker uploaded which checkpoint of unfinished trials, according to the journal.
struct CheckpointUploads {
  private struct Attempt: Hashable {
    var trial: TrialID
    var number: Int
  }

  private var hosts: [WorkerID: String] = [:]
  private var lessees: [Attempt: WorkerID] = [:]
  private var origins: [TrialID: [Int: CheckpointOrigin]] = [:]

  /// Processes a record of the journal.
  mutating func note(_ record: JournalRecord) {
    switch record {
    case .workerIntroduced(let worker, let host): hosts[worker] = host
    case .trialLeased(let trial, let attempt, let worker),
      .trialDuplicated(let trial, let attempt, let worker):
      lessees[Attempt(trial: trial, number: attempt)] = worker
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      // Attempt 0 means the last checkpoint of a shorter run.
      origins[trial, default: [:]][checkpoint.step] =
        lessees[Attempt(trial: trial, number: attempt)].map {
          CheckpointOrigin(worker: $0.rawValue, host: hosts[$0])
        }
    default: break
    }
  }

  /// Removes a trial and returns the origins of the checkpoints that its result resumed from, by
  /// step.
  mutating func take(_ trial: TrialID, for result: TrialResult) -> [Int: CheckpointOrigin] {
    let steps = Set((result.provenance.resumed ?? []).map(\.step))
    return (origins.removeValue(forKey: trial) ?? [:]).filter { steps.contains($0.key) }
  }
}
