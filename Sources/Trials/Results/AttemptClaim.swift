/// A worker's statement that it works on an attempt or holds its result.
package struct AttemptClaim: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// How far the attempt is; nil before its first step.
  package var progress: TrialProgress?
  /// The attempt's newest checkpoint that the coordinator has stored; nil before the first one.
  package var checkpoint: TrialCheckpoint?
  /// The checkpoints of the assignment that could not be resumed from, with the reasons.
  package var refusedCheckpoints: [RefusedCheckpoint]
  /// Threads of the trial's process, or those that it will begin with; nil if the worker does not
  /// say.
  package var threads: Int?

  /// A claim of an attempt.
  package init(
    trial: TrialID, attempt: Int, progress: TrialProgress? = nil,
    checkpoint: TrialCheckpoint? = nil, refusedCheckpoints: [RefusedCheckpoint] = [],
    threads: Int? = nil
  ) {
    self.trial = trial
    self.attempt = attempt
    self.progress = progress
    self.checkpoint = checkpoint
    self.refusedCheckpoints = refusedCheckpoints
    self.threads = threads
  }
}
