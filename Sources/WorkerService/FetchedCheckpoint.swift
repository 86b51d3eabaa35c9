import Trials

/// A checkpoint to go on from, in a work's folder, whole and of the trial's configuration.
package struct FetchedCheckpoint: Hashable, Sendable {
  /// Name of the file.
  package var file: String
  /// What the coordinator calls it; nil for one that only this host has.
  package var stored: TrialCheckpoint?

  /// A checkpoint in a file.
  package init(file: String, stored: TrialCheckpoint?) {
    self.file = file
    self.stored = stored
  }
}
