import Digests
import Narrowing
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
  case sendFailure(trial: TrialID, attempt: Int, TrialFailure, HandBack)
  /// Tell the coordinator that this worker leaves.
  case sayGoodbye(reason: String)
  /// Make sure the cache has an image archive, then report.
  case fetchImages(WorkID, WorkOrder)
  /// Fetch the newest checkpoint that is of use, then report.
  case fetchCheckpoint(WorkID, WorkOrder)
  /// Start the trial's process, from a checkpoint in its folder or from the beginning.
  case startTrial(WorkID, WorkOrder, from: FetchedCheckpoint?)
  /// Ask the trial's process to write a checkpoint and to end; its end is reported as an event.
  case drainTrial(WorkID)
  /// End the trial's process at once; its end is reported as an event.
  case killTrial(WorkID)
  /// Store a checkpoint with the coordinator, then report.
  case uploadCheckpoint(WorkID, WrittenCheckpoint)
  /// Store a trial's log and, if there is one, its last checkpoint, then report.
  case handBack(WorkID, WrittenCheckpoint?)
  /// Send a result's artifacts over the data connection, then report.
  case upload(WorkID, [Artifact])
  /// Delete the work's folder.
  case discard(WorkID)
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
  /// The newest checkpoint that the coordinator has.
  package var checkpoint: TrialCheckpoint?
}

/// What an attempt without a result leaves with the coordinator.
package struct HandBack: Hashable, Sendable {
  /// The newest checkpoint that is stored.
  package var checkpoint: TrialCheckpoint?
  /// The trial's log, if it is stored.
  package var log: Artifact?

  /// What is left.
  package init(checkpoint: TrialCheckpoint? = nil, log: Artifact? = nil) {
    self.checkpoint = checkpoint
    self.log = log
  }
}

/// A checkpoint to go on from, in a work's folder, whole and of the trial's configuration.
package struct FetchedCheckpoint: Hashable, Sendable {
  /// Name of the file.
  package var file: String
  /// What the coordinator calls it; nil for one that only this host has.
  package var stored: TrialCheckpoint?

  /// A checkpoint in a file.
  package init(file: String, stored: TrialCheckpoint?) {
    self.file = file
    self.stored = stored
  }
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
