/// An expanded sweep: all its trials, parents before children.
package struct SweepPlan: Codable, Hashable, Sendable {
  /// The sweep's name.
  package var name: String
  /// The question that the sweep answers, in one line.
  package var question: String
  /// The requested figures and tables.
  package var outputs: [SweepOutput]
  /// Every trial once, parents before children, in the order of the sweep file.
  package var trials: [PlannedTrial]
  /// The limits; not coded, because every run reads them from the sweep file.
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
