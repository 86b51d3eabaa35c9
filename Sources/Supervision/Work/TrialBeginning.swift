import Trials

/// From where a trial begins.
package struct TrialBeginning: Codable, Hashable, Sendable {
  /// The step that it goes on from; 0 at its beginning.
  package var step: Int
  /// Why checkpoints were not of use.
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
