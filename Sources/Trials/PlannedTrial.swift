/// One trial of a sweep, as planned.
package struct PlannedTrial: Codable, Hashable, Sendable {
  /// The trial's identity, hashed from ``configuration``.
  package let id: TrialID
  /// The stage of the sweep that asked for it; the first one if several did.
  package let stage: String
  /// The replicate's number, from 0.
  package let replicate: Int
  /// What decides the result; parameters measured by parents are still open.
  package let configuration: TrialConfiguration

  /// Plans the trial of a configuration.
  package init(stage: String, replicate: Int, configuration: TrialConfiguration) {
    self.id = configuration.id
    self.stage = stage
    self.replicate = replicate
    self.configuration = configuration
  }

  /// The trials that must have a result before this one can start.
  package var parents: [TrialID] { configuration.parents }
}

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

/// A figure or table of the paper that a sweep asks for.
package enum SweepOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// The four traces of one run.
  case figure1
  /// Originals and reconstructions of one run.
  case figure2
  /// The front of tolerance against open gates.
  case figure3
  /// Baseline MSE and open gates of the narrowed runs, per data set and size.
  case table1
}
