import Coordination
import Trials

extension [Effect] {
  /// The records to append, in order.
  var records: [JournalRecord] {
    compactMap { if case .append(let record) = $0 { record } else { nil } }
  }
}

extension JournalRecord {
  /// Whether the record changes what reports show.
  var showsInReports: Bool {
    switch self {
    case .reportRecorded, .trajectoryExtended, .resultRecorded, .resultReused, .resultDiscarded,
      .trialFailed, .trialStopped:
      true
    case .imagesPinned, .workerIntroduced, .checkpointDistrusted, .trialLeased, .trialDuplicated,
      .checkpointRecorded, .attemptEnded,
      .attemptsVoided, .checkpointDropped, .trialRetried, .hostDrained, .hostUndrained,
      .stagePaused, .stageResumed, .limitsSet:
      false
    }
  }

  /// Whether the record ends an attempt at a trial.
  func ends(_ number: Int, of trial: TrialID) -> Bool {
    if case .attemptEnded(trial, attempt: number, _) = self { true } else { false }
  }
}
