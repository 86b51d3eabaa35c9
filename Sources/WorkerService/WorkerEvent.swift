import Digests
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

  /// An order of the given parts.
  package init(
    sweep: String, trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    images: Digest, imagesByteCount: Int
  ) {
    self.sweep = sweep
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.images = images
    self.imagesByteCount = imagesByteCount
  }
}

/// A fact that reached the worker, in the past tense; every event is legal in every state.
package enum WorkerEvent: Sendable {
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
  /// The coordinator has no more work.
  case sweepEnded(reason: String)
  /// The coordinator does not work with this worker.
  case refused(reason: String)
  /// The images of a trial are in the cache.
  case imagesReady(trial: TrialID)
  /// The images of a trial could not be had.
  case imagesFailed(trial: TrialID, TrialFailure)
  /// A trial's process told how far it is.
  case trialProgressed(trial: TrialID, TrialProgress)
  /// A trial's process ended with a result, spooled on disk.
  case trialFinished(trial: TrialID, TrialResult)
  /// A trial's process ended without a result.
  case trialFailed(trial: TrialID, TrialFailure)
  /// The coordinator has every artifact of a result.
  case artifactsUploaded(trial: TrialID)
  /// The artifacts could not be sent for now.
  case uploadFailed(trial: TrialID, reason: String)
  /// A person or the system asked the worker to end.
  case stopRequested(reason: String)
  /// Time passed.
  case clockTicked
}
