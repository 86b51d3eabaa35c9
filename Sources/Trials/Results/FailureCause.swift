/// The kinds of cause that end an attempt.
package enum FailureCause: String, CaseIterable, Codable, Hashable, Sendable {
  /// The trial's process ended with an exit code that is not zero.
  case exitCode = "exit-code"
  /// A signal ended the trial's process.
  case signal
  /// The kernel or a limit ended the process for its memory.
  case outOfMemory = "out-of-memory"
  /// The loss stopped being a number.
  case notANumber = "not-a-number"
  /// The attempt took longer than it may.
  case timeout
  /// The worker fell silent or its connection broke.
  case lost
  /// A person, or a worker that drains, stopped the attempt.
  case stopped
  /// The worker's disk is full.
  case diskFull = "disk-full"
  /// The worker could not get the images or refused the configuration.
  case refused
  /// What the worker handed in cannot have come of the trial. It counts against the worker, not the
  /// trial. The coordinator's word, never a worker's.
  case resultRefused = "result-refused"
  /// The attempt went on from a checkpoint and diverged, or its result was none: what it went on
  /// from is not believed, and the trial begins anew. The coordinator's word, never a worker's.
  case badCheckpoint = "bad-checkpoint"
  /// A trial whose result this one needs has failed; never an attempt's own cause.
  case parentFailed = "parent-failed"

  /// Whether the attempt counts against the trial's own budget of failures: a lost host, a full
  /// disk, a deliberate stop, false numbers or another attempt's checkpoint say nothing about the
  /// trial.
  package var chargesTrial: Bool {
    switch self {
    case .exitCode, .signal, .outOfMemory, .notANumber, .timeout, .refused: true
    case .lost, .stopped, .diskFull, .resultRefused, .badCheckpoint, .parentFailed: false
    }
  }
}
