import Digests

/// A result with the bytes that it was received as.
///
/// The bytes are what is stored, so that the record holds what a worker said, and what it said is
/// read and checked once.
package struct ReceivedResult: Hashable, Sendable {
  /// What the bytes say.
  package var result: TrialResult
  /// The serialised `Result` of the protocol.
  package var bytes: [UInt8]
  /// SHA-256 of the bytes of its content, the deterministic part.
  package var contentDigest: Digest

  /// A result and its bytes.
  package init(result: TrialResult, bytes: [UInt8], contentDigest: Digest) {
    self.result = result
    self.bytes = bytes
    self.contentDigest = contentDigest
  }
}
