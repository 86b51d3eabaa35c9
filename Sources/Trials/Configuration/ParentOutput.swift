/// A number that a parent trial will report: `factor` × `output` at the parent's last milestone.
package struct ParentOutput: Codable, Hashable, Sendable {
  /// The parent trial.
  package var trial: TrialID
  /// Which of its reported numbers.
  package var output: TrialOutput
  /// What the number is multiplied with.
  package var factor: Double

  /// The number `factor` × `output` of `trial`.
  package init(trial: TrialID, output: TrialOutput, factor: Double = 1) {
    self.trial = trial
    self.output = output
    self.factor = factor
  }
}
