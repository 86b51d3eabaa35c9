import Trials

/// Something that people should hear of; the shell words and shows it.
package enum Notice: Hashable, Sendable {
  /// A worker was heard of for the first time, or again after it was lost.
  case workerJoined(WorkerID, host: String, slots: Int)
  /// A worker missed heartbeats; it gets no new work.
  case workerSuspected(WorkerID, silentFor: Duration)
  /// A worker is given up; its trials go elsewhere.
  case workerLost(WorkerID, silentFor: Duration)
  /// Something keeps a worker from taking further trials; it said so itself.
  case workerHindered(WorkerID, obstacle: String)
  /// Nothing does any more.
  case workerUnhindered(WorkerID)
  /// A worker said goodbye.
  case workerLeft(WorkerID, reason: String)
  /// An attempt was handed out.
  case trialStarted(TrialID, attempt: Int, WorkerID)
  /// A worker that reconnected, or met a restarted coordinator, keeps its attempt.
  case trialAdopted(TrialID, attempt: Int, WorkerID)
  /// A result is recorded.
  case trialCompleted(TrialID, WorkerID)
  /// A finished attempt came for a trial that already has its result.
  case resultRepeated(TrialID, attempt: Int, WorkerID, sameContent: Bool)
  /// An attempt ended without a result and the trial waits again.
  case attemptEnded(TrialID, attempt: Int, TrialFailure)
  /// A trial is given up.
  case trialFailed(TrialID, TrialFailure)
  /// A person stopped a trial.
  case trialStopped(TrialID, reason: String)
  /// A running trial is computed by a second, faster worker as well.
  case trialDuplicated(TrialID, attempt: Int, WorkerID)
  /// A host gets nothing more to do.
  case hostDrained(host: String, reason: String)
  /// A drained host works again.
  case hostUndrained(host: String)
  /// No trial of a stage is begun until a person resumes it.
  case stagePaused(stage: String, TrialFailure)
  /// A paused stage goes on.
  case stageResumed(stage: String)
  /// One trial of a stage goes first; the others wait until it is seen to work.
  case canarySent(TrialID, stage: String, reason: String)
  /// The first trial of a stage works, and the others follow.
  case canaryReturned(TrialID, stage: String)
  /// More trials failed than the sweep's limit allows; none is begun any more.
  case failureLimitReached(failed: Int, limit: Int)
  /// A failed trial waits again.
  case trialRetried(TrialID)
  /// Two workers with one instruction set reported different numbers of one milestone.
  case reportDiffers(TrialID, index: Int, WorkerID, other: WorkerID)
  /// A result was discarded, and the trial waits again.
  case resultDiscarded(TrialID, reason: String)
  /// A longer run goes on from a complete shorter one.
  case trialExtended(TrialID, step: Int)
  /// A longer run cannot go on from a complete shorter one, and begins anew.
  case extensionFailed(TrialID, reason: String)
  /// A worker could not go on from a checkpoint, which is not given out again; who had brought it,
  /// if that is known.
  case checkpointDistrusted(
    TrialID, by: WorkerID, attempt: Int, uploader: WorkerID?, host: String?, reason: String)
  /// So much of what came on a connection in the last minute was not taken in.
  case quotaExceeded(WorkerID?, refused: [String: Int])
  /// A result was not taken, for it does not answer the trial's configuration.
  case resultRefused(TrialID, attempt: Int, WorkerID, reason: String)
}
