import Trials

/// The files of an attempt without a result that the coordinator has.
package struct HandBack: Hashable, Sendable {
  /// The newest checkpoint that is stored.
  package var checkpoint: TrialCheckpoint?
  /// The trial's log, if it is stored.
  package var log: Artifact?

  /// The files that were stored.
  package init(checkpoint: TrialCheckpoint? = nil, log: Artifact? = nil) {
    self.checkpoint = checkpoint
    self.log = log
  }
}
