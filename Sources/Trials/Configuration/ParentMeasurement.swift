/// A number from a parent trial's result: `factor` × `output` at the parent's last milestone.
package struct ParentMeasurement: Codable, Hashable, Sendable {
  /// The parent trial.
  package var trial: TrialID
  /// The number in the parent's report.
  package var output: TrialOutput
  /// The factor that the number is multiplied by.
  package var factor: Double

  /// The number `factor` × `output` of `trial`.
  package init(trial: TrialID, output: TrialOutput, factor: Double = 1) {
    self.trial = trial
    self.output = output
    self.factor = factor
  }
}
