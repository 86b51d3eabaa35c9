import Trials

/// Something to tell people; the shell formats and shows it.
package enum Notice: Hashable, Sendable {
  /// A worker joined, for the first time or after it was lost.
  case workerJoined(WorkerID, host: String, slots: Int)
  /// A worker missed heartbeats; it gets no new work.
  case workerSuspected(WorkerID, silentFor: Duration)
  /// A worker is lost; its trials are assigned to other workers.
  case workerLost(WorkerID, silentFor: Duration)
  /// A worker reported an obstacle that keeps it from taking further trials.
  case workerHindered(WorkerID, obstacle: String)
  /// A worker's obstacle is gone.
  case workerUnhindered(WorkerID)
  /// A worker said goodbye.
  case workerLeft(WorkerID, reason: String)
  /// An announcement was not accepted, since its name is another worker's.
  case nameRefused(WorkerID, host: String, reason: String)
  /// An attempt was assigned.
  case trialStarted(TrialID, attempt: Int, WorkerID)
  /// A worker keeps its attempt after it reconnected or the coordinator restarted.
  case trialAdopted(TrialID, attempt: Int, WorkerID)
  /// A result is recorded.
  case trialCompleted(TrialID, WorkerID)
  /// A second result arrived for a trial that already has one.
  case resultRepeated(TrialID, attempt: Int, WorkerID, sameContent: Bool)
  /// An attempt ended without a result and the trial waits again.
  case attemptEnded(TrialID, attempt: Int, TrialFailure)
  /// A trial is given up.
  case trialFailed(TrialID, TrialFailure)
  /// A person stopped a trial.
  case trialStopped(TrialID, reason: String)
  /// A running trial is computed by a second, faster worker as well.
  case trialDuplicated(TrialID, attempt: Int, WorkerID)
  /// A host was drained: it gets no more work.
  case hostDrained(host: String, reason: String)
  /// A drained host works again.
  case hostUndrained(host: String)
  /// No trial of a stage is begun until a person resumes it.
  case stagePaused(stage: String, TrialFailure)
  /// A paused stage was resumed.
  case stageResumed(stage: String)
  /// One trial of a stage starts alone; the others wait until it works.
  case canarySent(TrialID, stage: String, reason: String)
  /// The first trial of a stage works; the others may start.
  case canaryReturned(TrialID, stage: String)
  /// More trials failed than the sweep's limit allows; no further trial starts.
  case failureLimitReached(failed: Int, limit: Int)
  /// A failed trial waits again.
  case trialRetried(TrialID)
  /// Two workers with one instruction set reported different numbers of one milestone.
  case reportDiffers(TrialID, index: Int, WorkerID, other: WorkerID)
  /// A result was discarded, and the trial waits again.
  case resultDiscarded(TrialID, reason: String)
  /// A longer run resumes from the end of a complete shorter one.
  case trialExtended(TrialID, step: Int)
  /// A longer run cannot resume from a complete shorter one and starts from step 0.
  case extensionFailed(TrialID, reason: String)
  /// A worker could not resume from a checkpoint, which is not used again. Names who uploaded it,
  /// if known.
  case checkpointDistrusted(
    TrialID, by: WorkerID, attempt: Int, uploader: WorkerID?, host: String?, reason: String)
  /// What a connection's quota had dropped since the last report: messages, answers and names, by kind.
  case quotaExceeded(WorkerID?, refused: [String: Int])
  /// A result or report was refused because it does not fit the trial's configuration.
  case resultRefused(TrialID, attempt: Int, WorkerID, reason: String)
}
