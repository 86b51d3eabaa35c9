import Digests

/// A checkpoint that the coordinator gave out and that a worker could not go on from.
package struct RefusedCheckpoint: Hashable, Sendable {
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// What was found and what was expected, for people.
  package var reason: String

  /// A checkpoint that was refused.
  package init(digest: Digest, reason: String) {
    self.digest = digest
    self.reason = reason
  }
}
