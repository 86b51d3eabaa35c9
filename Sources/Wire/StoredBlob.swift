import Digests
import Foundation

/// A blob that was stored over the data connection, as control messages name it.
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

/// A running trial's state after a step, stored as a blob.
package struct StoredCheckpoint: Hashable, Sendable {
  /// Optimiser steps taken.
  package var step: Int
  /// The blob.
  package var blob: StoredBlob
  /// Instruction set that the state was computed with, at most 32 bytes.
  package var instructionSet: String

  /// A checkpoint of a step.
  package init(step: Int, blob: StoredBlob, instructionSet: String) {
    self.step = step
    self.blob = blob
    self.instructionSet = instructionSet
  }
}

extension StoredBlob {
  init(_ body: PBBlob) throws(WireError) {
    self.init(
      digest: try Field.digest(body.sha256, "sha256"),
      byteCount: try Field.count(body.bytes, "bytes"))
  }

  var body: PBBlob {
    var body = PBBlob()
    body.sha256 = Data(digest.bytes)
    body.bytes = UInt64(clamping: byteCount)
    return body
  }
}

extension StoredCheckpoint {
  init(_ body: PBCheckpoint) throws(WireError) {
    self.init(
      step: try Field.count(body.step, "step"),
      blob: StoredBlob(
        digest: try Field.digest(body.sha256, "sha256"),
        byteCount: try Field.count(body.bytes, "bytes")),
      instructionSet: try Field.text(
        body.instructionSet, "instruction_set", limit: WireLimits.instructionSetByteCount))
  }

  var body: PBCheckpoint {
    var body = PBCheckpoint()
    body.step = UInt64(clamping: step)
    body.sha256 = Data(blob.digest.bytes)
    body.bytes = UInt64(clamping: blob.byteCount)
    body.instructionSet = Field.head(
      of: instructionSet, limit: WireLimits.instructionSetByteCount)
    return body
  }
}
