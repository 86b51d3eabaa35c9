import Trials

/// Where a trial's process starts.
package struct TrialBeginning: Codable, Hashable, Sendable {
  /// The step that it resumes from; 0 without a checkpoint.
  package var step: Int
  /// Why checkpoints could not be used.
  package var refusals: [String]
  /// Where the trajectory's file begins.
  package var trajectory: TrajectoryStart

  /// The beginning of a trial.
  package init(
    step: Int, refusals: [String] = [], trajectory: TrajectoryStart = .beginning
  ) {
    self.step = step
    self.refusals = refusals
    self.trajectory = trajectory
  }
}
