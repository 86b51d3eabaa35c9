import Digests
import Trials

/// What the worker's shell must do, in the order given.
package enum WorkerEffect: Hashable, Sendable {
  /// Tell the coordinator who this is and what it works on.
  case announce([WorkClaim])
  /// Tell the coordinator that this worker lives and what it works on.
  case beat([WorkClaim])
  /// Tell the coordinator of a finished trial whose artifacts it has.
  case sendResult(trial: TrialID, attempt: Int, TrialResult)
  /// Tell the coordinator that an attempt ended without a result.
  case sendFailure(trial: TrialID, attempt: Int, TrialFailure)
  /// Tell the coordinator that this worker leaves.
  case sayGoodbye(reason: String)
  /// Make sure the cache has an image archive, then report.
  case fetchImages(WorkOrder)
  /// Start the trial's process.
  case startTrial(WorkOrder)
  /// End the trial's process; its end is reported as an event.
  case stopTrial(TrialID)
  /// Send a result's artifacts over the data connection, then report.
  case upload(trial: TrialID, [Artifact])
  /// Delete the trial's folder.
  case discard(TrialID)
  /// Tell people.
  case notify(String)
  /// Leave the loop.
  case exit(WorkerEnding)
}

/// A worker's word that it works on an attempt or holds its result.
package struct WorkClaim: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// How far it is, once it has taken steps.
  package var progress: TrialProgress?
}

/// Why a worker ended.
package enum WorkerEnding: Hashable, Sendable {
  /// The sweep ended and the worker was started to end with it.
  case sweepEnded
  /// Somebody asked it to stop.
  case stopped
  /// The coordinator does not work with it.
  case refused(reason: String)
  /// No coordinator was heard of for too long and there is nothing to do.
  case abandoned
}
