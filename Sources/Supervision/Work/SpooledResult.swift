import Trials

/// A finished trial as its process left it: the result's bytes, which are passed on as they are, and
/// what the supervisor needs to know of them.
package struct SpooledResult: Hashable, Sendable {
  /// The serialised `Result` of the protocol.
  package var bytes: [UInt8]
  /// The files that the coordinator must have before it takes the result; the trajectory is among
  /// them, and goes in pieces.
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
