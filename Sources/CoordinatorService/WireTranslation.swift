import Coordination
import Trials
import Wire

extension Claim {
  /// The claim that a worker made, with its checkpoint if that is here.
  init(_ claim: WorkerMessage.Claim, _ checkpoints: CheckpointBlobs) {
    let trial = TrialID(rawValue: claim.attempt.trial)
    self.init(
      trial: trial, attempt: claim.attempt.attempt,
      progress: claim.progress.map(TrialProgress.init),
      checkpoint: checkpoints.accepted(claim.checkpoint.map(TrialCheckpoint.init), of: trial))
  }
}

extension TrialProgress {
  fileprivate init(_ progress: WorkerMessage.Progress) {
    self.init(
      step: progress.step, totalSteps: progress.totalSteps, mse: progress.mse,
      gatesOpen: progress.gatesOpen, multiplier: progress.multiplier,
      stepsPerSecond: progress.stepsPerSecond)
  }
}

extension TrialCheckpoint {
  /// A checkpoint, as messages name it.
  init(_ stored: StoredCheckpoint) {
    self.init(
      step: stored.step, digest: stored.blob.digest, byteCount: stored.blob.byteCount,
      instructionSet: stored.instructionSet)
  }
}

extension AttemptKey {
  /// The attempt, as messages name it.
  init(_ trial: TrialID, _ attempt: Int) {
    self.init(trial: trial.rawValue, attempt: attempt)
  }
}
