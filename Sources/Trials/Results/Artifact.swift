import Digests

/// A file of a trial, identified by its digest.
package struct Artifact: Codable, Hashable, Sendable {
  /// What the file is.
  package var kind: ArtifactKind
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// Its length in bytes.
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
