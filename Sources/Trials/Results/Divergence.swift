import Digests

/// Where a trial's numbers became NaN or infinite.
///
/// Trials are deterministic: if two attempts diverge at the same step in the same state, the trial
/// is the cause, not a host.
package struct Divergence: Codable, Hashable, Sendable {
  /// The step that failed, counted from 1.
  package var step: Int
  /// The digest of the trainer's state then.
  package var stateDigest: Digest

  /// A divergence at a step.
  package init(step: Int, stateDigest: Digest) {
    self.step = step
    self.stateDigest = stateDigest
  }

  private enum CodingKeys: String, CodingKey {
    case step
    case stateDigest = "state_sha256"
  }
}
