/// A checkpoint that a trial can go on from, and where its trajectory goes on.
package struct ResumePoint: Hashable, Sendable {
  /// The checkpoint.
  package var checkpoint: TrialCheckpoint
  /// The trial's trajectory up to the checkpoint's step, which the coordinator has.
  package var trajectory: TrajectoryStart

  /// A checkpoint, with the trajectory up to it.
  package init(checkpoint: TrialCheckpoint, trajectory: TrajectoryStart) {
    self.checkpoint = checkpoint
    self.trajectory = trajectory
  }
}
