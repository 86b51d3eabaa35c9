import Trials

/// What an attempt without a result leaves with the coordinator.
package struct HandBack: Hashable, Sendable {
  /// The newest checkpoint that is stored.
  package var checkpoint: TrialCheckpoint?
  /// The trial's log, if it is stored.
  package var log: Artifact?

  /// What is left.
  package init(checkpoint: TrialCheckpoint? = nil, log: Artifact? = nil) {
    self.checkpoint = checkpoint
    self.log = log
  }
}
