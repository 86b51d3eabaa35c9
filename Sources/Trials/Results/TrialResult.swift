import Digests

/// The result of a finished trial: its reports, its files and its provenance.
///
/// The reports and all files but `pace.csv` and the log are deterministic: the same configuration
/// gives the same bytes on the same machine. What may differ between two runs is in ``provenance``.
package struct TrialResult: Codable, Hashable, Sendable {
  /// The reports, one per milestone, in order.
  ///
  /// If the trial ended early, the last report is that of the last milestone, and milestones
  /// between the end and the last have none.
  package var milestones: [MilestoneReport]
  /// The files of the trial by name, content-addressed.
  package var artifacts: [Artifact]
  /// Where and how the result was computed.
  @Boxed package var provenance: TrialProvenance

  /// A result of the given parts.
  package init(
    milestones: [MilestoneReport], artifacts: [Artifact], provenance: TrialProvenance
  ) {
    self.milestones = milestones
    self.artifacts = artifacts
    self.provenance = provenance
  }

  /// The deterministic part of the result: equal for two runs of one configuration on one kind of
  /// machine.
  package var content: Content {
    Content(milestones: milestones, artifacts: artifacts.filter(\.kind.isDeterministic))
  }

  /// The deterministic part of a result.
  package struct Content: Hashable, Sendable {
    /// The reports, in order.
    package var milestones: [MilestoneReport]
    /// The deterministic files.
    package var artifacts: [Artifact]
  }
}
