import Digests
import Foundation

/// A reference to a stored blob in control messages.
package struct StoredBlob: Hashable, Sendable {
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// How many bytes it has.
  package var byteCount: Int

  /// A blob of the given content.
  package init(digest: Digest, byteCount: Int) {
    self.digest = digest
    self.byteCount = byteCount
  }
}

extension StoredBlob {
  init(_ body: PBBlob) throws(WireError) {
    self.init(
      digest: try Field.digest(body.sha256, "sha256"),
      byteCount: try Field.byteCount(body.bytes, "bytes"))
  }

  var body: PBBlob {
    var body = PBBlob()
    body.sha256 = Data(digest.bytes)
    body.bytes = UInt64(clamping: byteCount)
    return body
  }
}
