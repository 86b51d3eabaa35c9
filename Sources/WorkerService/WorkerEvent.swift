import Digests
import Narrowing
import Trials

/// An order to run one attempt at a trial.
package struct WorkOrder: Hashable, Sendable {
  /// The sweep that the trial belongs to.
  package var sweep: String
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, which fences control messages.
  package var attempt: Int
  /// The configuration, every parameter resolved.
  package var configuration: TrialConfiguration
  /// The image archive to train on.
  package var images: Digest
  /// Size of the archive.
  package var imagesByteCount: Int
  /// Where the trial can go on from, newest first.
  package var checkpoints: [TrialCheckpoint]
  /// How long the trial may take no step.
  package var stallTimeout: Duration

  /// How long that is unless the coordinator says otherwise.
  package static let standardStallTimeout = Duration.seconds(600)

  /// An order of the given parts.
  package init(
    sweep: String, trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    images: Digest, imagesByteCount: Int, checkpoints: [TrialCheckpoint] = [],
    stallTimeout: Duration = standardStallTimeout
  ) {
    self.sweep = sweep
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.images = images
    self.imagesByteCount = imagesByteCount
    self.checkpoints = checkpoints
    self.stallTimeout = stallTimeout
  }
}

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
  /// The coordinator lacks artifacts that a finished result names.
  case artifactsWanted(trial: TrialID)
  /// The coordinator asked for the trials back and for this worker's end; may be repeated.
  case drainRequested(reason: String)
  /// The coordinator has no more work.
  case sweepEnded(reason: String)
  /// The coordinator does not work with this worker.
  case refused(reason: String)
  /// The images of a trial are in the cache.
  case imagesReady(WorkID)
  /// The checkpoint to go on from is in the trial's folder, or there is none.
  case checkpointReady(WorkID, FetchedCheckpoint?, refusals: [String])
  /// What a trial needs could not be had.
  case preparationFailed(WorkID, TrialFailure)
  /// A trial's process told from where it begins.
  case trialBegan(WorkID, TrialBeginning)
  /// A trial's process told how far it is.
  case trialProgressed(WorkID, TrialProgress)
  /// A trial's process wrote a checkpoint.
  case checkpointWritten(WorkID, WrittenCheckpoint)
  /// The coordinator has a checkpoint, which took that long.
  case checkpointStored(WorkID, TrialCheckpoint, took: Duration)
  /// A checkpoint could not be sent.
  case checkpointNotStored(WorkID, reason: String)
  /// A trial's process ended with a result, spooled on disk.
  case trialFinished(WorkID, TrialResult)
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
  /// The process that started this worker, and served it, is gone.
  case supervisorEnded
  /// A person or the system asked the worker to end; the second time at once.
  case stopRequested(reason: String)
  /// Time passed.
  case clockTicked
}
