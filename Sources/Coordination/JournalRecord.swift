import Digests
import Trials

/// A durable fact about a sweep.
///
/// The journal is the truth: the coordinator's durable state is what replaying its records in
/// order gives.
package enum JournalRecord: Codable, Hashable, Sendable {
  /// The trials of a data set train on this image archive, and on no other.
  case imagesPinned(dataset: Dataset, digest: Digest)
  /// An attempt was handed to a worker.
  case trialLeased(trial: TrialID, attempt: Int, worker: WorkerID)
  /// A further attempt at a running trial was handed to another worker; the first result counts.
  case trialDuplicated(trial: TrialID, attempt: Int, worker: WorkerID)
  /// An unfinished trial can go on from this checkpoint, or from the one of the most steps.
  case checkpointRecorded(trial: TrialID, attempt: Int, checkpoint: TrialCheckpoint)
  /// An attempt ended without a result.
  case attemptEnded(trial: TrialID, attempt: Int, failure: TrialFailure)
  /// The trial's one result; boxed, since it is by far the largest and records are copied often.
  indirect case resultRecorded(trial: TrialID, attempt: Int, worker: WorkerID, result: TrialResult)
  /// The trial will not be tried again by itself.
  case trialFailed(trial: TrialID, failure: TrialFailure)
  /// A person wants no result of the trial.
  case trialStopped(trial: TrialID, reason: String)
  /// A failed or stopped trial waits again, with a fresh budget of failures: a person asked for it,
  /// or the parent whose failure it inherited has a result after all.
  case trialRetried(trial: TrialID)
  /// The workers of a host get nothing more.
  case hostDrained(host: String, reason: String)
  /// The workers of a drained host work again.
  case hostUndrained(host: String)
  /// No trial of a stage is begun until it is resumed; the failure says why.
  case stagePaused(stage: String, failure: TrialFailure)
  /// A paused stage goes on.
  case stageResumed(stage: String)
  /// A run began, the first or one with other limits than the run before: these are in force.
  case limitsSet(SweepLimits)
}

extension [JournalRecord] {
  /// The limits that are in force after these records; nil when none of them tells.
  package var limits: SweepLimits? {
    for case .limitsSet(let limits) in reversed() { return limits }
    return nil
  }
}
