import Coordination
import Wire

extension Claim {
  /// The claim that a worker made, with its checkpoint if that is here.
  init(
    _ claim: WorkerMessage.Claim, _ checkpoints: CheckpointBlobs, of coordinator: Coordinator
  ) {
    let trial = claim.attempt.trial
    self.init(
      trial: trial, attempt: claim.attempt.attempt, progress: claim.progress,
      checkpoint: checkpoints.accepted(
        claim.checkpoint, of: trial, running: coordinator.runningIdentity(of: trial)),
      refusedCheckpoints: claim.refusedCheckpoints)
  }
}
