import Trials

/// One attempt at a trial.
package struct Assignment: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, from 1; it fences control messages of earlier attempts.
  package var attempt: Int
  /// The configuration with every parameter resolved.
  package var configuration: TrialConfiguration
  /// What to go on from, newest first, at most two; when none can be used, from the start.
  package var checkpoints: [ResumePoint]
  /// How long the trial may take no step before the attempt counts as stuck
  /// (``FailureCause/timeout``).
  package var stallTimeout: Duration
  /// The latest attempt that is void: whoever has the trial under it, or an earlier one, drops it.
  package var voidThrough: Int
  /// Checkpoints of attempts up to this one, which a worker's host may still have, are not believed.
  package var distrustedThrough: Int
  /// Whether the trainer's state at the trial's end is wanted.
  package var wantsLastCheckpoint: Bool

  /// An attempt at a trial.
  package init(
    trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    checkpoints: [ResumePoint] = [], stallTimeout: Duration = .seconds(600),
    voidThrough: Int = 0, distrustedThrough: Int = 0, wantsLastCheckpoint: Bool = false
  ) {
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.checkpoints = checkpoints
    self.stallTimeout = stallTimeout
    self.voidThrough = voidThrough
    self.distrustedThrough = distrustedThrough
    self.wantsLastCheckpoint = wantsLastCheckpoint
  }
}
