import Foundation
import Supervision
import Trials

/// A line that a trial's process writes to its standard output for its worker: JSON, one of the
/// parts.
struct TrialLine: Codable {
  /// The trial begins.
  var beginning: TrialBeginning?
  /// How far it is.
  var progress: TrialProgress?
  /// It has reached a milestone.
  var milestone: ReachedMilestone?
  /// Its trajectory, the part before its file included, has so many bytes.
  var trajectoryByteCount: Int?
  /// It has written a checkpoint.
  var checkpoint: WrittenCheckpoint?
  /// It ends without a result.
  var failure: TrialFailure?

  /// The line with its end.
  var data: Data { CanonicalJSON.data(self) + Data("\n".utf8) }
}

/// A milestone that a trial has reached.
struct ReachedMilestone: Codable {
  /// Its place among the configuration's, from 0.
  var index: Int
  /// What the trial reports there.
  var report: MilestoneReport
}
