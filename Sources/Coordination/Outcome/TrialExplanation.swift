import Trials

/// The state of a trial and the reason for it, for display.
package struct TrialExplanation: Hashable, Sendable {
  /// The reason for a trial's state.
  package enum Reason: Hashable, Sendable {
    /// It waits for the results of these trials.
    case waitsForParents([TrialID])
    /// It resumes from the end of this shorter run, which is not complete yet.
    case waitsForShorterRun(TrialID)
    /// It can be leased; so many trials come before it.
    case queued(ahead: Int)
    /// Its attempts ended repeatedly for external reasons; it is retried after this time.
    case delayed(Duration)
    /// Its stage is paused until a person resumes it.
    case stagePaused(TrialFailure)
    /// It waits until this trial has shown that the stage works.
    case waitsForCanary(TrialID)
    /// More trials failed than the sweep's limit allows; no further trial starts.
    case failureLimitReached(failed: Int, limit: Int)
    /// Workers have leases of it, the newest last; two when it is duplicated.
    case running([RunningTrial])
    /// Its result is recorded; that worker computed it.
    case complete(WorkerID)
    /// It failed and is not retried.
    case failed(TrialFailure)
    /// It needs the result of a trial that failed or was stopped.
    case parentFailed(TrialID)
    /// A person stopped it.
    case stopped(reason: String)
  }

  /// The trial as planned.
  package var planned: PlannedTrial
  /// Its state according to the journal.
  package var standing: TrialStanding
  /// The reason for its state.
  package var reason: Reason
  /// The failure of the latest attempt; nil if it did not fail.
  package var lastFailure: TrialFailure?
  /// How many failures of its own it may have before it is given up.
  package var attemptLimit: Int
  /// Checkpoints to resume from, newest first.
  package var checkpoints: [TrialCheckpoint]
  /// Trials that wait for its result.
  package var children: [TrialID]
}
