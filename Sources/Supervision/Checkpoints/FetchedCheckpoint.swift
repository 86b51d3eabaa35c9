import Trials

/// A verified checkpoint of the trial's configuration in a work's folder, to resume from.
package struct FetchedCheckpoint: Hashable, Sendable {
  /// Name of the file.
  package var file: String
  /// The coordinator's record of it; nil for one that only this host has.
  package var stored: TrialCheckpoint?
  /// The prefix of the trajectory that is not in the rows file.
  package var trajectory: TrajectoryStart
  /// Name of a file with the rows after the prefix, up to the checkpoint; nil for none.
  package var rows: String?

  /// Names of files with rows begin with this.
  package static let rowsPrefix = "rows-before-"

  /// The name of a file with the rows up to a step.
  package static func rowsName(step: Int) -> String { "\(rowsPrefix)\(step).csv" }

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
