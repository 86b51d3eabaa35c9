import Digests
import Trials

/// A durable fact about a sweep.
///
/// The coordinator's durable state is the result of replaying all records in order.
package enum JournalRecord: Hashable, Sendable {
  /// All trials of a data set train on this image archive.
  case imagesPinned(dataset: Dataset, digest: Digest)
  /// Names the host of a worker; recorded before its first lease.
  case workerIntroduced(worker: WorkerID, host: String)
  /// An attempt was leased to a worker.
  case trialLeased(trial: TrialID, attempt: Int, worker: WorkerID)
  /// A second attempt at a running trial was leased to another worker. The first result counts.
  case trialDuplicated(trial: TrialID, attempt: Int, worker: WorkerID)
  /// An unfinished trial has reached a milestone; the last report at an index counts.
  indirect case reportRecorded(
    trial: TrialID, attempt: Int, worker: WorkerID, instructionSet: String, index: Int,
    report: MilestoneReport)
  /// The trajectory of an unfinished trial has grown. Attempt 0 means the rows of a shorter run.
  indirect case trajectoryExtended(trial: TrialID, attempt: Int, piece: TrajectoryPiece)
  /// An unfinished trial can resume from this checkpoint. Attempt 0 means the last checkpoint of a
  /// shorter run.
  indirect case checkpointRecorded(trial: TrialID, attempt: Int, checkpoint: TrialCheckpoint)
  /// A worker could not resume from a checkpoint that an attempt had uploaded. It is not used
  /// again. Further checkpoints of that attempt, or an earlier one, are refused unless it is the
  /// latest attempt.
  ///
  /// - Parameters:
  ///   - attempt: The attempt that uploaded it; 0 for a shorter run.
  ///   - worker: The worker that had leased that attempt; nil if unknown.
  indirect case checkpointDistrusted(
    trial: TrialID, attempt: Int, worker: WorkerID?, checkpoint: Digest, reason: String)
  /// An attempt ended without a result.
  case attemptEnded(trial: TrialID, attempt: Int, failure: TrialFailure)
  /// The trial's result, and the trainer's final state if it is kept. Indirect because it is by far
  /// the largest case and records are copied often.
  indirect case resultRecorded(
    trial: TrialID, attempt: Int, worker: WorkerID, result: ReceivedResult,
    checkpoint: TrialCheckpoint? = nil)
  /// The trial's result, copied from another sweep's record.
  indirect case resultReused(trial: TrialID, origin: ReuseOrigin, result: ReceivedResult)
  /// A person discarded the trial's result. It is kept aside, and the trial waits again.
  case resultDiscarded(trial: TrialID, reason: String)
  /// All attempts so far at a waiting or stopped trial are void.
  case attemptsVoided(trial: TrialID, reason: String)
  /// The state at the end of a complete trial is no longer kept.
  case checkpointDropped(trial: TrialID)
  /// The trial failed and is not retried automatically.
  case trialFailed(trial: TrialID, failure: TrialFailure)
  /// A person wants no result of the trial.
  case trialStopped(trial: TrialID, reason: String)
  /// A failed or stopped trial waits again, and its failures are counted from 0. Either a person
  /// asked for it, or the parent that had failed now has a result.
  case trialRetried(trial: TrialID)
  /// The workers of a host get no more work. The host is named by ``HostIdentity``; a name without
  /// an id means all hosts of that name.
  case hostDrained(host: String, reason: String)
  /// The workers of a drained host get work again.
  case hostUndrained(host: String)
  /// No trial of a stage starts until the stage is resumed. The failure is the reason.
  case stagePaused(stage: String, failure: TrialFailure)
  /// A paused stage was resumed.
  case stageResumed(stage: String)
  /// These limits apply from now on. Recorded when a run begins with other limits than the run
  /// before.
  case limitsSet(SweepLimits)
}

extension [JournalRecord] {
  /// The limits that apply after these records; nil if none are recorded.
  package var limits: SweepLimits? {
    for case .limitsSet(let limits) in reversed() { return limits }
    return nil
  }
}
