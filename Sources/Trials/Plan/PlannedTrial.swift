/// One trial of a sweep, as planned.
package struct PlannedTrial: Codable, Hashable, Sendable {
  /// The trial's identity, hashed from ``configuration``.
  package let id: TrialID
  /// The stage of the sweep that contains it; the first one if several do.
  package let stage: String
  /// The replicate's number, from 0.
  package let replicate: Int
  /// The configuration; parameters measured by parents are not resolved.
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
