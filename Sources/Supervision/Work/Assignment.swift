import Digests
import Trials

/// An attempt at a trial that the coordinator assigned to this worker.
package struct Assignment: Hashable, Sendable {
  /// The sweep that the trial belongs to.
  package var sweep: String
  /// The trial.
  package var trial: TrialID
  /// The attempt's number; messages about earlier attempts are ignored.
  package var attempt: Int
  /// The configuration, every parameter resolved.
  package var configuration: TrialConfiguration
  /// The image archive to train on.
  package var images: Digest
  /// Size of the archive.
  package var imagesByteCount: Int
  /// Checkpoints to resume from, newest first.
  package var checkpoints: [ResumePoint]
  /// How long the trial may take no step before the attempt fails.
  package var stallTimeout: Duration
  /// The latest void attempt: this host's files of it, or of an earlier one, are not used.
  package var voidThrough: Int
  /// This host's checkpoints of this attempt, or of an earlier one, are not used.
  package var distrustedThrough: Int
  /// Whether the worker uploads the trainer's state at the trial's end.
  package var wantsLastCheckpoint: Bool
  /// How many threads the trial may have; nil leaves them to the worker.
  package var threads: Int?

  /// The stall timeout if the coordinator sends none.
  package static let standardStallTimeout = Duration.seconds(600)

  /// An assignment of the given parts.
  package init(
    sweep: String, trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    images: Digest, imagesByteCount: Int, checkpoints: [ResumePoint] = [],
    stallTimeout: Duration = standardStallTimeout, voidThrough: Int = 0,
    distrustedThrough: Int = 0,
    wantsLastCheckpoint: Bool = false, threads: Int? = nil
  ) {
    self.sweep = sweep
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.images = images
    self.imagesByteCount = imagesByteCount
    self.checkpoints = checkpoints
    self.stallTimeout = stallTimeout
    self.voidThrough = voidThrough
    self.distrustedThrough = distrustedThrough
    self.wantsLastCheckpoint = wantsLastCheckpoint
    self.threads = threads
  }
}
