import Digests
import Trials

/// A fact that reached the worker, in the past tense; every event is legal in every state.
package enum WorkerEvent: Sendable {
  /// A connection came about, the first or a new one; nobody there knows of this worker yet.
  case connected
  /// The coordinator of a sweep knows this connection.
  case welcomed(sweep: String, heartbeatInterval: Duration, lostAfter: Duration)
  /// The coordinator said that it lives.
  case coordinatorBeat
  /// The coordinator does not know this connection.
  case announcementRequested
  /// An attempt was handed to this worker; repeated until it claims the attempt.
  case assigned(WorkOrder)
  /// The attempt's result is durable at the coordinator, its failure recorded, or neither wanted.
  case acknowledged(trial: TrialID, attempt: Int)
  /// The attempt is no longer this worker's.
  case abandoned(trial: TrialID, attempt: Int, reason: String)
  /// The coordinator has a report.
  case reportTaken(trial: TrialID, attempt: Int, index: Int)
  /// The coordinator has the trajectory up to the end of a piece.
  case pieceTaken(trial: TrialID, attempt: Int, byteCount: Int)
  /// The coordinator lacks the prefix of so many bytes that a piece begins at.
  case trajectoryUnknown(trial: TrialID, attempt: Int, byteCount: Int)
  /// The coordinator lacks artifacts that a finished result names.
  case artifactsWanted(trial: TrialID, digests: [Digest])
  /// The coordinator asked for the trials back and for this worker's end; may be repeated.
  case drainRequested(reason: String)
  /// The coordinator has no more work.
  case sweepEnded(reason: String)
  /// The coordinator does not work with this worker.
  case refused(reason: String)
  /// The images of a trial are in the cache.
  case imagesReady(WorkID)
  /// The checkpoint to go on from is in the trial's folder, or there is none.
  ///
  /// - Parameters:
  ///   - refusals: Why newer ones are of no use.
  ///   - refused: Those of them that the coordinator gave out and whose content is at fault.
  case checkpointReady(
    WorkID, FetchedCheckpoint?, refusals: [String], refused: [RefusedCheckpoint] = [])
  /// What a trial needs could not be had.
  case preparationFailed(WorkID, TrialFailure)
  /// A trial's process told from where it begins.
  case trialBegan(WorkID, TrialBeginning)
  /// A trial's process told how far it is.
  case trialProgressed(WorkID, TrialProgress)
  /// A trial reached a milestone.
  indirect case reportReached(WorkID, index: Int, MilestoneReport)
  /// A trial's trajectory, the part before its file included, has so many bytes.
  case trajectoryWritten(WorkID, byteCount: Int)
  /// A piece of a trajectory was read from its file.
  case pieceRead(WorkID, TrajectoryPiece)
  /// A piece of a trajectory cannot be read.
  case pieceNotRead(WorkID, reason: String)
  /// A trial's process wrote a checkpoint.
  case checkpointWritten(WorkID, WrittenCheckpoint)
  /// The coordinator has a checkpoint, which took that long.
  case checkpointStored(WorkID, TrialCheckpoint, took: Duration)
  /// A checkpoint could not be sent.
  case checkpointNotStored(WorkID, reason: String)
  /// A trial's process ended with a result, spooled on disk.
  case trialFinished(WorkID, SpooledResult)
  /// A trial's process ended without a result.
  case trialFailed(WorkID, TrialFailure)
  /// What an attempt without a result leaves was stored, as far as possible.
  case handedBack(WorkID, HandBack)
  /// The coordinator has every artifact of a result.
  case artifactsUploaded(WorkID)
  /// The artifacts could not be sent for now.
  case uploadFailed(WorkID, reason: String)
  /// Somebody looked how much room the cache's disk has.
  case diskMeasured(freeByteCount: Int)
  /// Somebody has removed the folder of a work.
  case folderLost(WorkID)
  /// Somebody looked whether the cache can be used: what keeps it from that, nil for nothing.
  case cacheChecked(trouble: String?)
  /// The process that started this worker, and served it, is gone.
  case supervisorEnded
  /// A person or the system asked the worker to end; the second time at once.
  case stopRequested(reason: String)
  /// Time passed.
  case clockTicked
}
