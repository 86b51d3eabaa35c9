import Coordination
import Trials

/// Who has brought which checkpoints of unfinished trials, as the journal tells.
struct CheckpointUploads {
  private struct Attempt: Hashable {
    var trial: TrialID
    var number: Int
  }

  private var hosts: [WorkerID: String] = [:]
  private var lessees: [Attempt: WorkerID] = [:]
  private var origins: [TrialID: [Int: CheckpointOrigin]] = [:]

  /// Takes in a record of the journal.
  mutating func note(_ record: JournalRecord) {
    switch record {
    case .workerIntroduced(let worker, let host): hosts[worker] = host
    case .trialLeased(let trial, let attempt, let worker),
      .trialDuplicated(let trial, let attempt, let worker):
      lessees[Attempt(trial: trial, number: attempt)] = worker
    case .checkpointRecorded(let trial, let attempt, let checkpoint):
      // A shorter run has left that of attempt 0.
      origins[trial, default: [:]][checkpoint.step] =
        lessees[Attempt(trial: trial, number: attempt)].map {
          CheckpointOrigin(worker: $0.rawValue, host: hosts[$0])
        }
    default: break
    }
  }

  /// The origins of the checkpoints that a result went on from, by step; the trial needs no others
  /// any more.
  mutating func take(_ trial: TrialID, for result: TrialResult) -> [Int: CheckpointOrigin] {
    let steps = Set((result.provenance.resumed ?? []).map(\.step))
    return (origins.removeValue(forKey: trial) ?? [:]).filter { steps.contains($0.key) }
  }
}
