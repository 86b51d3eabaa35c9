/// A checkpoint that a trial can resume from, and the trajectory up to it.
package struct ResumePoint: Hashable, Sendable {
  /// The checkpoint.
  package var checkpoint: TrialCheckpoint
  /// The part of the trajectory, up to the checkpoint's step, that the coordinator has.
  package var trajectory: TrajectoryStart

  /// A checkpoint, with the trajectory up to it.
  package init(checkpoint: TrialCheckpoint, trajectory: TrajectoryStart) {
    self.checkpoint = checkpoint
    self.trajectory = trajectory
  }
}
