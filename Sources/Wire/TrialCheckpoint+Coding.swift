import Digests
import Foundation
import Trials

extension TrialCheckpoint {
  init(_ body: PBCheckpoint) throws(WireError) {
    self.init(
      step: try Field.count(body.step, "step", in: 0...Budget.maximumCount),
      digest: try Field.digest(body.sha256, "sha256"),
      byteCount: try Field.byteCount(body.bytes, "bytes"),
      instructionSet: try Field.line(
        body.instructionSet, "instruction_set", limit: WireLimits.instructionSetByteCount),
      stateDigest: try Field.digest(body.stateSha256, "state_sha256"),
      trajectory: try TrajectoryPrefix(body.trajectory))
  }

  var body: PBCheckpoint {
    var body = PBCheckpoint()
    body.step = UInt64(clamping: step)
    body.sha256 = Data(digest.bytes)
    body.bytes = UInt64(clamping: byteCount)
    body.instructionSet = Field.head(
      of: instructionSet, limit: WireLimits.instructionSetByteCount)
    body.stateSha256 = Data(stateDigest.bytes)
    body.trajectory = trajectory.body
    return body
  }
}

extension ResumePoint {
  init(_ body: PBCheckpoint) throws(WireError) {
    let checkpoint = try TrialCheckpoint(body)
    let state = [UInt8](body.trajectoryHashState)
    guard let trajectory = TrajectoryStart(prefix: checkpoint.trajectory, hashState: state) else {
      throw .malformed(
        place: "trajectory_hash_state", found: "\(state.count) bytes",
        expected: "the state of SHA-256 after the prefix")
    }
    self.init(checkpoint: checkpoint, trajectory: trajectory)
  }

  var body: PBCheckpoint {
    var body = checkpoint.body
    body.trajectoryHashState = Data(trajectory.hashState)
    return body
  }
}

extension TrajectoryPrefix {
  init(_ body: PBTrajectoryPrefix) throws(WireError) {
    self.init(
      byteCount: try Field.byteCount(body.bytes, "trajectory bytes"),
      digest: try Field.digest(body.sha256, "trajectory sha256"))
  }

  var body: PBTrajectoryPrefix {
    var body = PBTrajectoryPrefix()
    body.bytes = UInt64(clamping: byteCount)
    body.sha256 = Data(digest.bytes)
    return body
  }
}
