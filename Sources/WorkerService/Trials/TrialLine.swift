import Foundation
import Supervision
import Trials

/// A JSON line that a trial's process writes to standard output for its worker; it has one of the
/// parts.
struct TrialLine: Codable {
  /// The trial begins.
  var beginning: TrialBeginning?
  /// The trial's progress.
  var progress: TrialProgress?
  /// It has reached a milestone.
  var milestone: ReachedMilestone?
  /// Length of its trajectory in bytes, including the part before its file.
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
  /// Its index among the configuration's, from 0.
  var index: Int
  /// The report.
  var report: MilestoneReport
}
