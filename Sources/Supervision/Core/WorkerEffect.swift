import Trials

/// An action for the worker's shell; effects are carried out in order.
package enum WorkerEffect: Hashable, Sendable {
  /// Announce this worker and its claims to the coordinator.
  case announce([AttemptClaim])
  /// Send a heartbeat with the worker's claims.
  case beat([AttemptClaim])
  /// Send a milestone's report.
  indirect case sendReport(trial: TrialID, attempt: Int, index: Int, MilestoneReport)
  /// Read the next bytes of a trajectory, then report the outcome as an event.
  ///
  /// The file begins at byte `fileBegins` of the trajectory. Read up to `byteCount` bytes after
  /// `after`.
  case readPiece(WorkID, after: TrajectoryStart, fileBegins: Int, byteCount: Int)
  /// Send the next piece of a trajectory.
  case sendPiece(trial: TrialID, attempt: Int, TrajectoryPiece)
  /// Send the result of a trial whose files are all delivered.
  case sendResult(trial: TrialID, attempt: Int, SpooledResult)
  /// Report that an attempt ended without a result.
  case sendFailure(trial: TrialID, attempt: Int, TrialFailure, HandBack)
  /// Tell the coordinator that this worker is leaving.
  case sayGoodbye(reason: String)
  /// Fetch the image archive into the cache if needed, then report.
  case fetchImages(WorkID, Assignment)
  /// Fetch the newest usable checkpoint, then report.
  case fetchCheckpoint(WorkID, Assignment)
  /// Start the trial's process with so many threads, from a checkpoint in its folder or from step
  /// 0.
  case startTrial(WorkID, Assignment, from: FetchedCheckpoint?, threads: Int)
  /// Start it again, after it has ended, from the checkpoint that it began with or wrote.
  ///
  /// If the checkpoint names a file with rows, first copy the trajectory's file to it.
  case restartTrial(WorkID, Assignment, from: FetchedCheckpoint?, threads: Int)
  /// Ask the trial's process to write a checkpoint and exit. Its end is reported as an event.
  case drainTrial(WorkID)
  /// Kill the trial's process. Its end is reported as an event.
  case killTrial(WorkID)
  /// Upload a checkpoint, then report.
  case uploadCheckpoint(WorkID, WrittenCheckpoint)
  /// Upload a trial's log and its last checkpoint, if any, then report.
  case handBack(WorkID, WrittenCheckpoint?)
  /// Upload a result's files except the trajectory, then report.
  case upload(WorkID, SpooledResult)
  /// Delete the work's folder.
  case discard(WorkID)
  /// Show a text to people.
  case notify(String)
  /// Leave the loop.
  case exit(WorkerEnding)
}
