import Trials

/// A worker's word that it works on an attempt or holds its result.
package struct WorkClaim: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// How far it is, once it has taken steps.
  package var progress: TrialProgress?
  /// The newest checkpoint that the coordinator has.
  package var checkpoint: TrialCheckpoint?
  /// What the coordinator gave out to go on from and was refused here.
  package var refusedCheckpoints: [RefusedCheckpoint] = []
}
