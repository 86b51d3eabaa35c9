import Digests

/// A result and the bytes in which it was received.
///
/// The bytes are stored, so that the record has exactly what the worker sent; they are decoded and
/// checked once.
package struct ReceivedResult: Hashable, Sendable {
  /// The decoded bytes.
  package var result: TrialResult
  /// The serialised `Result` of the protocol.
  package var bytes: [UInt8]
  /// SHA-256 of the bytes of its content, which is the deterministic part.
  package var contentDigest: Digest

  /// A result and its bytes.
  package init(result: TrialResult, bytes: [UInt8], contentDigest: Digest) {
    self.result = result
    self.bytes = bytes
    self.contentDigest = contentDigest
  }
}
