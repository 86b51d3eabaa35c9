import Trials

/// A worker's word that it works on an attempt, or holds its finished result.
package struct Claim: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// How far it is; nil before the first step.
  package var progress: TrialProgress?
  /// The latest checkpoint of the attempt that the coordinator's blob store has; nil before one.
  package var checkpoint: TrialCheckpoint?
  /// Which of the checkpoints that it was given it could not go on from, and why.
  package var refusedCheckpoints: [RefusedCheckpoint]

  /// A claim of an attempt.
  package init(
    trial: TrialID, attempt: Int, progress: TrialProgress? = nil,
    checkpoint: TrialCheckpoint? = nil, refusedCheckpoints: [RefusedCheckpoint] = []
  ) {
    self.trial = trial
    self.attempt = attempt
    self.progress = progress
    self.checkpoint = checkpoint
    self.refusedCheckpoints = refusedCheckpoints
  }
}
