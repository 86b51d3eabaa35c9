import Digests

/// A finished trial: what it found, the files it made, and where and how that came about.
///
/// The milestones and all artifacts but the pace and the log are deterministic: the same
/// configuration gives the same bytes on the same machine. What may differ between two runs is in
/// ``provenance``.
package struct TrialResult: Codable, Hashable, Sendable {
  /// The reports, one for each milestone, in order.
  package var milestones: [MilestoneReport]
  /// The files of the trial by name, content-addressed.
  package var artifacts: [Artifact]
  /// Where and how the result came about.
  package var provenance: TrialProvenance

  /// A result of the given parts.
  package init(
    milestones: [MilestoneReport], artifacts: [Artifact], provenance: TrialProvenance
  ) {
    self.milestones = milestones
    self.artifacts = artifacts
    self.provenance = provenance
  }

  /// The digest of what is deterministic about the result; equal for two runs of one
  /// configuration on one kind of machine.
  package var contentDigest: Digest {
    Digest.of(
      CanonicalJSON.text(milestones) + "\n"
        + CanonicalJSON.text(artifacts.filter { $0.kind.isDeterministic }))
  }
}

/// A file that a trial made, named by its content.
package struct Artifact: Codable, Hashable, Sendable {
  /// What the file is.
  package var kind: ArtifactKind
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// How many bytes it has.
  package var byteCount: Int

  /// A file with the given content.
  package init(kind: ArtifactKind, digest: Digest, byteCount: Int) {
    self.kind = kind
    self.digest = digest
    self.byteCount = byteCount
  }

  private enum CodingKeys: String, CodingKey {
    case kind
    case digest = "sha256"
    case byteCount = "bytes"
  }
}

/// The files of a finished trial; the raw value is the file's name.
package enum ArtifactKind: String, CaseIterable, Codable, Hashable, Sendable {
  /// The trained parameters and running statistics.
  case model = "model.safetensors"
  /// The sampled course of training, one row per sample.
  case trajectory = "trajectory.csv"
  /// Originals and reconstructions of a few evaluation images.
  case reconstructions = "reconstructions.safetensors"
  /// Training speed at the trajectory's samples.
  case pace = "pace.csv"
  /// What the trial's process told people.
  case log = "log.txt"

  /// Whether two runs of one configuration on one machine give the same bytes.
  package var isDeterministic: Bool { self != .pace && self != .log }

  /// Whether every finished trial has such a file.
  package var isRequired: Bool { self != .log }
}
