import Digests

/// Where a trial's numbers stopped being numbers.
///
/// Trials are deterministic: two attempts that diverge at the same step in the same state diverge by
/// themselves, not because of a host.
package struct Divergence: Codable, Hashable, Sendable {
  /// The step that could not be taken, counted from 1.
  package var step: Int
  /// Names the trainer's state then.
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
