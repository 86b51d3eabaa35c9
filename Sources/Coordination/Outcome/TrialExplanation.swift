import Trials

/// Why a trial stands where it does: everything that a person may want to know, as data.
package struct TrialExplanation: Hashable, Sendable {
  /// What keeps a trial where it is.
  package enum Reason: Hashable, Sendable {
    /// It waits for the results of these trials.
    case waitsForParents([TrialID])
    /// It goes on from this shorter run's end.
    case waitsForShorterRun(TrialID)
    /// It can be leased; that many trials come before it.
    case queued(ahead: Int)
    /// It ended often through no fault of its own and is tried again after this time.
    case delayed(Duration)
    /// Its stage is paused until a person resumes it.
    case stagePaused(TrialFailure)
    /// This trial of its stage goes first, to show that the stage works.
    case waitsForCanary(TrialID)
    /// More trials failed than the sweep's limit allows: none is begun any more.
    case failureLimitReached(failed: Int, limit: Int)
    /// Workers have leases of it, the newest last; two when it is duplicated.
    case running([RunningTrial])
    /// Its one result is recorded, of that worker.
    case complete(WorkerID)
    /// It is given up.
    case failed(TrialFailure)
    /// It needs a result of a trial that has none and will not be tried again by itself.
    case parentFailed(TrialID)
    /// A person stopped it.
    case stopped(reason: String)
  }

  /// The trial as planned.
  package var planned: PlannedTrial
  /// What the journal says of it.
  package var standing: TrialStanding
  /// What keeps it there.
  package var reason: Reason
  /// Why the latest attempt ended, if it did without a result.
  package var lastFailure: TrialFailure?
  /// How many failures of its own it may have.
  package var attemptLimit: Int
  /// What it can go on from, newest first.
  package var checkpoints: [TrialCheckpoint]
  /// Trials that wait for its result.
  package var children: [TrialID]
}
