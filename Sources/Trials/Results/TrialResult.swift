import Digests

/// A finished trial: what it found, the files it made, and where and how that came about.
///
/// The milestones and all artifacts but the pace and the log are deterministic: the same
/// configuration gives the same bytes on the same machine. What may differ between two runs is in
/// ``provenance``.
package struct TrialResult: Codable, Hashable, Sendable {
  /// The reports, one for each milestone, in order; without those beyond the step where a trial ended
  /// before its last milestone, for which the last report stands.
  package var milestones: [MilestoneReport]
  /// The files of the trial by name, content-addressed.
  package var artifacts: [Artifact]
  /// Where and how the result came about.
  @Boxed package var provenance: TrialProvenance

  /// A result of the given parts.
  package init(
    milestones: [MilestoneReport], artifacts: [Artifact], provenance: TrialProvenance
  ) {
    self.milestones = milestones
    self.artifacts = artifacts
    self.provenance = provenance
  }

  /// What is deterministic about the result: equal for two runs of one configuration on one kind of
  /// machine.
  package var content: Content {
    Content(milestones: milestones, artifacts: artifacts.filter(\.kind.isDeterministic))
  }

  /// The deterministic part of a result.
  package struct Content: Hashable, Sendable {
    /// The reports, in order.
    package var milestones: [MilestoneReport]
    /// The files whose bytes follow from the configuration.
    package var artifacts: [Artifact]
  }
}
