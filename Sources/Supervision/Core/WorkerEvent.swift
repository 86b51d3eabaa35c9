import Digests
import Trials

/// Something that has happened and that the worker must handle; every event is legal in every
/// state.
package enum WorkerEvent: Sendable {
  /// A connection was made, the first or a new one. The worker must announce itself.
  case connected
  /// A coordinator has accepted the announcement.
  case welcomed(sweep: String, heartbeatInterval: Duration, lostAfter: Duration)
  /// The coordinator sent a heartbeat.
  case coordinatorBeat
  /// The coordinator asked the worker to announce itself.
  case announcementRequested
  /// An attempt was assigned to this worker. Repeated until it claims the attempt.
  case assigned(Assignment)
  /// The attempt's result or failure is recorded, or not wanted any more.
  case acknowledged(trial: TrialID, attempt: Int)
  /// The attempt was withdrawn from this worker.
  case abandoned(trial: TrialID, attempt: Int, reason: String)
  /// The attempt may have so many threads from now on. May be repeated.
  case threadsAssigned(trial: TrialID, attempt: Int, threads: Int)
  /// The coordinator has recorded a report.
  case reportTaken(trial: TrialID, attempt: Int, index: Int)
  /// The coordinator has recorded the trajectory up to the end of a piece.
  case pieceTaken(trial: TrialID, attempt: Int, byteCount: Int)
  /// The coordinator lacks the prefix of so many bytes that a piece begins at.
  case trajectoryUnknown(trial: TrialID, attempt: Int, byteCount: Int)
  /// The coordinator lacks artifacts that a finished result names.
  case artifactsWanted(trial: TrialID, digests: [Digest])
  /// The coordinator asked this worker to hand back its trials and exit. May be repeated.
  case drainRequested(reason: String)
  /// The coordinator has no more work.
  case sweepEnded(reason: String)
  /// The coordinator refused this worker.
  case refused(reason: String)
  /// The images of a trial are in the cache.
  case imagesReady(WorkID)
  /// The checkpoint to resume from is in the trial's folder, or there is none.
  ///
  /// - Parameters:
  ///   - refusals: Why newer ones cannot be used.
  ///   - refused: Those of them that the coordinator assigned and whose content is invalid.
  case checkpointReady(
    WorkID, FetchedCheckpoint?, refusals: [String], refused: [RefusedCheckpoint] = [])
  /// A trial's images or checkpoint could not be fetched.
  case preparationFailed(WorkID, TrialFailure)
  /// A trial's process reported where it starts.
  case trialBegan(WorkID, TrialBeginning)
  /// A trial's process reported its progress.
  case trialProgressed(WorkID, TrialProgress)
  /// A trial reached a milestone.
  indirect case reportReached(WorkID, index: Int, MilestoneReport)
  /// A trial's trajectory, including the part before its file, has grown to so many bytes.
  case trajectoryWritten(WorkID, byteCount: Int)
  /// A piece of a trajectory was read from its file.
  case pieceRead(WorkID, TrajectoryPiece)
  /// A piece of a trajectory cannot be read.
  case pieceNotRead(WorkID, reason: String)
  /// A trial's process wrote a checkpoint.
  case checkpointWritten(WorkID, WrittenCheckpoint)
  /// The coordinator has stored a checkpoint; the upload took that long.
  case checkpointStored(WorkID, TrialCheckpoint, took: Duration)
  /// A checkpoint could not be sent.
  case checkpointNotStored(WorkID, reason: String)
  /// A trial's process ended with a result, spooled on disk.
  case trialFinished(WorkID, SpooledResult)
  /// A trial's process ended without a result.
  case trialFailed(WorkID, TrialFailure)
  /// The log and checkpoint of an attempt without a result were uploaded, as far as possible.
  case handedBack(WorkID, HandBack)
  /// The coordinator has every artifact of a result.
  case artifactsUploaded(WorkID)
  /// The artifacts could not be sent for now.
  case uploadFailed(WorkID, reason: String)
  /// The free space of the cache's disk was measured.
  case diskMeasured(freeByteCount: Int)
  /// Somebody has removed the folder of a work.
  case folderLost(WorkID)
  /// The cache was checked: why it cannot be used, nil if it can.
  case cacheChecked(trouble: String?)
  /// The coordinator process that started this worker has ended.
  case supervisorEnded
  /// A person or the system asked the worker to stop; a second request ends it at once.
  case stopRequested(reason: String)
  /// Time passed.
  case clockTicked
}
