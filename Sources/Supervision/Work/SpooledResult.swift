import Trials

/// A finished trial's result on disk: its bytes, which are sent unchanged, and what the supervisor
/// needs of them.
package struct SpooledResult: Hashable, Sendable {
  /// The serialised `Result` of the protocol.
  package var bytes: [UInt8]
  /// The files that the coordinator must have before it accepts the result; they include the
  /// trajectory, which is sent in pieces.
  package var artifacts: [Artifact]
  /// The trainer's state at the trial's end, if it is wanted.
  package var lastCheckpoint: WrittenCheckpoint?
  /// Wall-clock seconds of training and evaluation, for people.
  package var seconds: Double

  /// A finished trial of the given parts.
  package init(
    bytes: [UInt8], artifacts: [Artifact], lastCheckpoint: WrittenCheckpoint? = nil,
    seconds: Double
  ) {
    self.bytes = bytes
    self.artifacts = artifacts
    self.lastCheckpoint = lastCheckpoint
    self.seconds = seconds
  }
}
