import Coordination
import Wire

extension Claim {
  /// The claim that a worker made, with its checkpoint if that is here.
  init(_ claim: WorkerMessage.Claim, _ checkpoints: CheckpointBlobs) {
    self.init(
      trial: claim.attempt.trial, attempt: claim.attempt.attempt, progress: claim.progress,
      checkpoint: checkpoints.accepted(claim.checkpoint, of: claim.attempt.trial))
  }
}
