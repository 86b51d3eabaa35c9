import Trials

/// A reference to an attempt in messages.
package struct AttemptKey: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, 1 to ``maximum``.
  package var attempt: Int

  /// The largest number of an attempt.
  package static let maximum = Int(Int32.max)

  /// Names an attempt.
  package init(trial: TrialID, attempt: Int) {
    self.trial = trial
    self.attempt = attempt
  }
}
