import Digests

/// A checkpoint that the coordinator offered and from which a worker could not resume.
package struct RefusedCheckpoint: Hashable, Sendable {
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// What was found and what was expected.
  package var reason: String

  /// A checkpoint that was refused.
  package init(digest: Digest, reason: String) {
    self.digest = digest
    self.reason = reason
  }
}
