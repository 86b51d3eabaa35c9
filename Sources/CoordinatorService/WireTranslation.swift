import Coordination
import Trials
import Wire

extension Claim {
  /// The claim that a worker made.
  init(_ claim: WorkerMessage.Claim) {
    self.init(
      trial: TrialID(rawValue: claim.attempt.trial), attempt: claim.attempt.attempt,
      progress: claim.progress.map(TrialProgress.init))
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

extension AttemptKey {
  /// The attempt, as messages name it.
  init(_ trial: TrialID, _ attempt: Int) {
    self.init(trial: trial.rawValue, attempt: attempt)
  }
}
