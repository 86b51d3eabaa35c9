import Trials

extension TrialFailure {
  /// The failure as a sentence: the kind of cause, then what was found.
  package var words: String { message.isEmpty ? cause.words : "\(cause.words): \(message)" }
}

extension FailureCause {
  /// The cause as a phrase.
  package var words: String {
    switch self {
    case .exitCode: "the trial's process ended with an error"
    case .signal: "a signal ended the trial's process"
    case .outOfMemory: "the trial needed more memory than it could get"
    case .notANumber: "the training diverged"
    case .timeout: "the trial made no progress for too long"
    case .lost: "the worker fell silent or lost its connection"
    case .stopped: "it was stopped"
    case .diskFull: "the worker's disk is full"
    case .refused: "the worker could not start it"
    case .resultRefused: "the worker delivered an invalid result"
    case .badCheckpoint: "its checkpoint is not trusted; it starts from step 0"
    case .parentFailed: "a trial that it waits for failed"
    }
  }
}
