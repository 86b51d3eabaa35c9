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
  /// Where the trial can go on from, newest first.
  package var checkpoints: [ResumePoint]
  /// How long the trial may take no step.
  package var stallTimeout: Duration
  /// The latest attempt that is void: what this host has of it, or of an earlier one, is not used.
  package var voidThrough: Int
  /// Checkpoints that this host has of that attempt, or of an earlier one, are not used.
  package var distrustedThrough: Int
  /// Whether the trainer's state at the trial's end is wanted.
  package var wantsLastCheckpoint: Bool

  /// How long that is unless the coordinator says otherwise.
  package static let standardStallTimeout = Duration.seconds(600)

  /// An order of the given parts.
  package init(
    sweep: String, trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    images: Digest, imagesByteCount: Int, checkpoints: [ResumePoint] = [],
    stallTimeout: Duration = standardStallTimeout, voidThrough: Int = 0,
    distrustedThrough: Int = 0,
    wantsLastCheckpoint: Bool = false
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
  }
}
