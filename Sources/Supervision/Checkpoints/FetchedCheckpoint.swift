import Trials

/// A checkpoint to go on from, in a work's folder, whole and of the trial's configuration.
package struct FetchedCheckpoint: Hashable, Sendable {
  /// Name of the file.
  package var file: String
  /// What the coordinator calls it; nil for one that only this host has.
  package var stored: TrialCheckpoint?
  /// The trajectory that is elsewhere.
  package var trajectory: TrajectoryStart
  /// Name of a file with the rows after it, up to the checkpoint's; nil for none.
  package var rows: String?

  /// A checkpoint in a file.
  package init(
    file: String, stored: TrialCheckpoint?, trajectory: TrajectoryStart = .beginning,
    rows: String? = nil
  ) {
    self.file = file
    self.stored = stored
    self.trajectory = trajectory
    self.rows = rows
  }
}
