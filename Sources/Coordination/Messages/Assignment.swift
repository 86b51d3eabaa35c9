import Trials

/// One attempt at a trial.
package struct Assignment: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, from 1; messages about earlier attempts are ignored.
  package var attempt: Int
  /// The configuration with every parameter resolved.
  package var configuration: TrialConfiguration
  /// Checkpoints to resume from, newest first, at most two; if none can be used, the trial starts
  /// from step 0.
  package var checkpoints: [ResumePoint]
  /// How long the trial may take no step before the attempt fails with ``FailureCause/timeout``.
  package var stallTimeout: Duration
  /// The latest void attempt; a worker that holds this or an earlier attempt drops it.
  package var voidThrough: Int
  /// Checkpoints of attempts up to this one may not be used, even if a worker's host still has
  /// them.
  package var distrustedThrough: Int
  /// Whether the worker uploads the trainer's state at the trial's end.
  package var wantsLastCheckpoint: Bool
  /// How many threads the trial may have; nil leaves them to the worker.
  package var threads: Int?

  /// Assigns an attempt.
  package init(
    trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    checkpoints: [ResumePoint] = [], stallTimeout: Duration = .seconds(600),
    voidThrough: Int = 0, distrustedThrough: Int = 0, wantsLastCheckpoint: Bool = false,
    threads: Int? = nil
  ) {
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.checkpoints = checkpoints
    self.stallTimeout = stallTimeout
    self.voidThrough = voidThrough
    self.distrustedThrough = distrustedThrough
    self.wantsLastCheckpoint = wantsLastCheckpoint
    self.threads = threads
  }
}
