/// The status of a trial.
package enum TrialStatus: String, CaseIterable, Codable, Hashable, Sendable {
  /// Not started, or to be started again.
  case waiting
  /// Leased to a worker.
  case running
  /// Its result is recorded.
  case complete
  /// It reached its limit of failures, or a parent failed; it is not retried automatically.
  case failed
  /// A person stopped it.
  case stopped
}
