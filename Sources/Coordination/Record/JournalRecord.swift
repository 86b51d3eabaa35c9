import Digests
import Trials

/// A durable fact about a sweep.
///
/// The journal is the truth: the coordinator's durable state is what replaying its records in
/// order gives.
package enum JournalRecord: Hashable, Sendable {
  /// The trials of a data set train on this image archive, and on no other.
  case imagesPinned(dataset: Dataset, digest: Digest)
  /// A worker that is about to be leased something told the name of its host.
  case workerIntroduced(worker: WorkerID, host: String)
  /// An attempt was handed to a worker.
  case trialLeased(trial: TrialID, attempt: Int, worker: WorkerID)
  /// A further attempt at a running trial was handed to another worker; the first result counts.
  case trialDuplicated(trial: TrialID, attempt: Int, worker: WorkerID)
  /// An unfinished trial has reached a milestone; the last report at an index counts.
  indirect case reportRecorded(
    trial: TrialID, attempt: Int, worker: WorkerID, instructionSet: String, index: Int,
    report: MilestoneReport)
  /// The trajectory of an unfinished trial has grown; of attempt 0, it is the beginning that a
  /// shorter run made.
  indirect case trajectoryExtended(trial: TrialID, attempt: Int, piece: TrajectoryPiece)
  /// An unfinished trial can go on from this checkpoint, or from the one of the most steps; of
  /// attempt 0, it is the last one of a shorter run.
  indirect case checkpointRecorded(trial: TrialID, attempt: Int, checkpoint: TrialCheckpoint)
  /// A worker could not go on from a checkpoint that an attempt had brought: no attempt does any
  /// more, and none of that attempt or an earlier one is taken, unless it is the latest.
  ///
  /// - Parameters:
  ///   - attempt: The one that brought it; 0 for a shorter run.
  ///   - worker: Who was leased that attempt; nil where nobody knows.
  indirect case checkpointDistrusted(
    trial: TrialID, attempt: Int, worker: WorkerID?, checkpoint: Digest, reason: String)
  /// An attempt ended without a result.
  case attemptEnded(trial: TrialID, attempt: Int, failure: TrialFailure)
  /// The trial's one result, and the trainer's state at its end if it is kept; boxed, since it is by
  /// far the largest and records are copied often.
  indirect case resultRecorded(
    trial: TrialID, attempt: Int, worker: WorkerID, result: ReceivedResult,
    checkpoint: TrialCheckpoint? = nil)
  /// The trial's one result, which another sweep's record had.
  indirect case resultReused(trial: TrialID, origin: ReuseOrigin, result: ReceivedResult)
  /// A person does not believe the trial's result: it is kept aside and the trial waits again.
  case resultDiscarded(trial: TrialID, reason: String)
  /// What the attempts so far at a waiting or stopped trial have left is not believed.
  case attemptsVoided(trial: TrialID, reason: String)
  /// The state at the end of a complete trial is no longer kept.
  case checkpointDropped(trial: TrialID)
  /// The trial will not be tried again by itself.
  case trialFailed(trial: TrialID, failure: TrialFailure)
  /// A person wants no result of the trial.
  case trialStopped(trial: TrialID, reason: String)
  /// A failed or stopped trial waits again, with a fresh budget of failures: a person asked for it,
  /// or the parent whose failure it inherited has a result after all.
  case trialRetried(trial: TrialID)
  /// The workers of a host get nothing more; it is named by ``HostIdentity``, and a name without an
  /// id stands for all hosts that have it.
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
