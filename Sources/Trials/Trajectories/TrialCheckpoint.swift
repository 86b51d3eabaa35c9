import Digests

/// A checkpoint of a trial in the coordinator's record; its bytes are the blob of this digest.
package struct TrialCheckpoint: Codable, Hashable, Sendable {
  /// Optimiser steps taken.
  package var step: Int
  /// The SHA-256 of its bytes.
  package var digest: Digest
  /// Its length in bytes.
  package var byteCount: Int
  /// The instruction set that computed it; resuming with the same one gives the same bits.
  package var instructionSet: String
  /// The digest of the trainer's state in it.
  package var stateDigest: Digest
  /// The trial's trajectory up to its step.
  package var trajectory: TrajectoryPrefix

  /// A checkpoint of the given parts.
  package init(
    step: Int, digest: Digest, byteCount: Int, instructionSet: String, stateDigest: Digest,
    trajectory: TrajectoryPrefix
  ) {
    self.step = step
    self.digest = digest
    self.byteCount = byteCount
    self.instructionSet = instructionSet
    self.stateDigest = stateDigest
    self.trajectory = trajectory
  }

  private enum CodingKeys: String, CodingKey {
    case step
    case digest = "sha256"
    case byteCount = "bytes"
    case instructionSet = "instruction_set"
    case stateDigest = "state_sha256"
    case trajectory
  }
}
