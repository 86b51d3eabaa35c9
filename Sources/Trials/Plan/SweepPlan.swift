/// A sweep, expanded: all its trials, parents before children.
package struct SweepPlan: Codable, Hashable, Sendable {
  /// The sweep's name.
  package var name: String
  /// The question that the sweep answers, one line.
  package var question: String
  /// What to draw and tabulate besides the trials themselves.
  package var outputs: [SweepOutput]
  /// Every trial once, parents before children, in the order of the sweep file.
  package var trials: [PlannedTrial]
  /// When to stop by itself; read anew from the sweep file by every run, and not coded.
  package var limits = SweepLimits()

  private enum CodingKeys: String, CodingKey {
    case name
    case question
    case outputs
    case trials
  }

  /// A plan of the given parts.
  package init(name: String, question: String, outputs: [SweepOutput], trials: [PlannedTrial]) {
    self.name = name
    self.question = question
    self.outputs = outputs
    self.trials = trials
  }
}
