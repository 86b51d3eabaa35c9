import Trials

/// The bounds of what a message may hold; both sides check them.
package enum WireLimits {
  /// Bytes of a control message's envelope.
  package static let controlEnvelopeByteCount = 256 << 10
  /// Bytes of a request's envelope besides the work.
  package static let accessEnvelopeByteCount = 8 << 10
  /// Bytes of a data message's envelope.
  package static let dataEnvelopeByteCount = 128 << 10
  /// Bytes of anything stored (1 PiB): far above what there is, and sums do not overflow.
  package static let byteCountMaximum = 1 << 50
  /// Bytes of a blob in one message.
  package static let chunkByteCount = 64 << 10
  /// Bytes of a serialised result.
  package static let resultByteCount = 192 << 10
  /// Bytes of a serialised report.
  package static let reportByteCount = 64 << 10
  /// Reports of a trial.
  package static let reportCount = 4096
  /// Steps per second that a progress may tell besides 0: from one step in thirty years to more
  /// than any clock can tell apart.
  package static let rateRange = 1e-9...1e12
  /// Gates of a trial.
  package static let gateCount = 4096
  /// Versions that a result names.
  package static let versionCount = 64
  /// Checkpoints that a trial went on from.
  package static let resumptionCount = 4096
  /// Bytes of a piece of a trajectory.
  package static let pieceByteCount = TrajectoryPiece.byteCountMaximum
  /// Bytes of a configuration's JSON.
  package static let configurationByteCount = 64 << 10
  /// Claims of one worker: what it runs and what it holds finished.
  package static let claimCount = 2048
  /// Claims up to which each may tell its progress and its checkpoint, so that all fit into a message.
  package static let progressCount = 768
  /// With more claims than these, none of them tells which checkpoints were refused.
  package static let refusalClaimCount = 256
  /// Checkpoints that an assignment names.
  package static let checkpointCount = 2
  /// Bytes of the name of an instruction set.
  package static let instructionSetByteCount = 32
  /// Lines of a log in one message.
  package static let logLineCount = 256
  /// Bytes of a log in one message.
  package static let logByteCount = 64 << 10
  /// Trials that one worker runs at once.
  package static let slotCount = 4096
  /// Digests in one request for artifacts.
  package static let artifactCount = 256
  /// Characters of an identifier.
  package static let identifierCount = 128
  /// Bytes of a free text.
  package static let textByteCount = 4096
  /// Bytes of a failure's message, which may quote what a trial wrote to stderr.
  package static let failureByteCount = 64 << 10
}
