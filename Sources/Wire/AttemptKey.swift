import Trials

/// An attempt at a trial, as messages name it.
package struct AttemptKey: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, 1 to 4,294,967,295.
  package var attempt: Int

  /// Names an attempt.
  package init(trial: TrialID, attempt: Int) {
    self.trial = trial
    self.attempt = attempt
  }
}
