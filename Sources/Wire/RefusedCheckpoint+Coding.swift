import Digests
import Foundation
import Trials

extension RefusedCheckpoint {
  /// An assignment has at most this many checkpoints.
  private static let countMaximum = 2

  static func all(_ bodies: [PBRefusedCheckpoint]) throws(WireError) -> [RefusedCheckpoint] {
    guard bodies.count <= countMaximum else {
      throw .tooLarge(place: "refused_checkpoints", count: bodies.count, limit: countMaximum)
    }
    var refused: [RefusedCheckpoint] = []
    for body in bodies {
      refused.append(
        RefusedCheckpoint(
          digest: try Field.digest(body.sha256, "refused sha256"),
          reason: try Field.text(body.reason, "refused reason", limit: reasonByteCount)))
    }
    return refused
  }

  /// Short enough that ``WireLimits/refusalClaimCount`` claims fit into a frame.
  private static let reasonByteCount = 256

  var body: PBRefusedCheckpoint {
    var body = PBRefusedCheckpoint()
    body.sha256 = Data(digest.bytes)
    body.reason = Field.head(of: reason, limit: Self.reasonByteCount)
    return body
  }
}

extension Divergence {
  init(_ body: PBDivergence) throws(WireError) {
    self.init(
      step: try Field.count(body.step, "diverged step", in: 1...Budget.maximumCount),
      stateDigest: try Field.digest(body.stateSha256, "diverged state_sha256"))
  }

  var body: PBDivergence {
    var body = PBDivergence()
    body.step = UInt64(clamping: step)
    body.stateSha256 = Data(stateDigest.bytes)
    return body
  }
}
