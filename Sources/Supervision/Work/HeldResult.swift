import Trials

/// A finished result that an earlier process of this worker's host left on disk.
package struct HeldResult: Hashable, Sendable {
  /// The run, with a number of this process.
  package var work: WorkID
  /// The attempt that finished it.
  package var attempt: Int
  /// The result.
  package var result: SpooledResult
  /// Where the trajectory's file begins.
  package var trajectory: TrajectoryStart

  /// A held result of the given parts.
  package init(
    work: WorkID, attempt: Int, result: SpooledResult, trajectory: TrajectoryStart = .beginning
  ) {
    self.work = work
    self.attempt = attempt
    self.result = result
    self.trajectory = trajectory
  }
}
