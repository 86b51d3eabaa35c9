import Digests
import Foundation
import Trials

extension TrialCheckpoint {
  init(_ body: PBCheckpoint) throws(WireError) {
    self.init(
      step: try Field.count(body.step, "step"), digest: try Field.digest(body.sha256, "sha256"),
      byteCount: try Field.count(body.bytes, "bytes"),
      instructionSet: try Field.text(
        body.instructionSet, "instruction_set", limit: WireLimits.instructionSetByteCount))
  }

  var body: PBCheckpoint {
    var body = PBCheckpoint()
    body.step = UInt64(clamping: step)
    body.sha256 = Data(digest.bytes)
    body.bytes = UInt64(clamping: byteCount)
    body.instructionSet = Field.head(
      of: instructionSet, limit: WireLimits.instructionSetByteCount)
    return body
  }
}
