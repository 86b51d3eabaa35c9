import Trials

extension JournalRecord {
  /// The trial that the record is about; nil if it is not about a trial.
  package var trial: TrialID? {
    switch self {
    case .trialLeased(let trial, _, _), .trialDuplicated(let trial, _, _),
      .checkpointRecorded(let trial, _, _), .checkpointDistrusted(let trial, _, _, _, _),
      .attemptEnded(let trial, _, _), .reportRecorded(let trial, _, _, _, _, _),
      .trajectoryExtended(let trial, _, _), .resultRecorded(let trial, _, _, _, _),
      .resultReused(let trial, _, _), .resultDiscarded(let trial, _), .attemptsVoided(let trial, _),
      .checkpointDropped(let trial), .trialFailed(let trial, _), .trialStopped(let trial, _),
      .trialRetried(let trial):
      trial
    case .imagesPinned, .workerIntroduced, .hostDrained, .hostUndrained, .stagePaused,
      .stageResumed, .limitsSet:
      nil
    }
  }

  /// The worker that the record names, if any.
  package var worker: WorkerID? {
    switch self {
    case .workerIntroduced(let worker, _), .trialLeased(_, _, let worker),
      .trialDuplicated(_, _, let worker), .reportRecorded(_, _, let worker, _, _, _),
      .resultRecorded(_, _, let worker, _, _):
      worker
    case .checkpointDistrusted(_, _, let worker, _, _): worker
    case .imagesPinned, .checkpointRecorded, .attemptEnded, .trajectoryExtended, .resultReused,
      .resultDiscarded, .attemptsVoided, .checkpointDropped, .trialFailed, .trialStopped,
      .trialRetried, .hostDrained, .hostUndrained, .stagePaused, .stageResumed, .limitsSet:
      nil
    }
  }
}
