import Coordination
import Trials
import Wire

extension AttemptClaim {
  /// Converts a worker's claim; keeps its checkpoint only if the blob store has it.
  init(
    _ claim: WorkerMessage.Claim, _ checkpoints: CheckpointBlobs, of coordinator: Coordinator
  ) {
    let trial = claim.attempt.trial
    self.init(
      trial: trial, attempt: claim.attempt.attempt, progress: claim.progress,
      checkpoint: checkpoints.accepted(
        claim.checkpoint, of: trial, running: coordinator.runningIdentity(of: trial)),
      refusedCheckpoints: claim.refusedCheckpoints, threads: claim.threads)
  }
}
