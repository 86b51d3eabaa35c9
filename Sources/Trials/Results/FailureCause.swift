/// The kinds of cause that end an attempt.
package enum FailureCause: String, CaseIterable, Codable, Hashable, Sendable {
  /// The trial's process ended with an exit code that is not zero.
  case exitCode = "exit-code"
  /// A signal ended the trial's process.
  case signal
  /// The kernel or a limit ended the process for its memory.
  case outOfMemory = "out-of-memory"
  /// The loss became NaN or infinite.
  case notANumber = "not-a-number"
  /// The attempt exceeded its time limit.
  case timeout
  /// The worker became unresponsive or its connection broke.
  case lost
  /// A person, or a draining worker, stopped the attempt.
  case stopped
  /// The worker's disk is full.
  case diskFull = "disk-full"
  /// The worker could not get the images or refused the configuration.
  case refused
  /// The worker's result cannot be one of the trial. It counts against the worker, not the trial.
  /// Only the coordinator sets this cause.
  case resultRefused = "result-refused"
  /// The attempt resumed from a checkpoint and diverged, or its result was invalid. The checkpoint
  /// is discarded and the trial starts again. Only the coordinator sets this cause.
  case badCheckpoint = "bad-checkpoint"
  /// A parent of the trial has failed; never the cause of an attempt.
  case parentFailed = "parent-failed"

  /// Whether the attempt counts against the trial's limit of failures.
  ///
  /// A lost host, a full disk, a deliberate stop, false results or a bad checkpoint are not the
  /// trial's fault.
  package var chargesTrial: Bool {
    switch self {
    case .exitCode, .signal, .outOfMemory, .notANumber, .timeout, .refused: true
    case .lost, .stopped, .diskFull, .resultRefused, .badCheckpoint, .parentFailed: false
    }
  }
}
