import Trials

/// What the worker's shell must do, in the order given.
package enum WorkerEffect: Hashable, Sendable {
  /// Tell the coordinator who this is and what it works on.
  case announce([WorkClaim])
  /// Tell the coordinator that this worker lives and what it works on.
  case beat([WorkClaim])
  /// Tell the coordinator of a milestone.
  indirect case sendReport(trial: TrialID, attempt: Int, index: Int, MilestoneReport)
  /// Read the next bytes of a trajectory, then report.
  ///
  /// The file begins after so many bytes of the trajectory; those that are wanted follow the
  /// start.
  case readPiece(WorkID, after: TrajectoryStart, fileBegins: Int, byteCount: Int)
  /// Tell the coordinator of the next bytes of a trajectory.
  case sendPiece(trial: TrialID, attempt: Int, TrajectoryPiece)
  /// Tell the coordinator of a finished trial of which it has everything else.
  case sendResult(trial: TrialID, attempt: Int, SpooledResult)
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
  /// Send a result's files over the data connection, all but the trajectory, then report.
  case upload(WorkID, SpooledResult)
  /// Delete the work's folder.
  case discard(WorkID)
  /// Tell people.
  case notify(String)
  /// Leave the loop.
  case exit(WorkerEnding)
}
