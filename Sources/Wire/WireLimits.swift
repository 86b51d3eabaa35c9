import Trials

/// The limits of messages, which both sides check.
package enum WireLimits {
  /// Bytes of a control message's envelope.
  package static let controlEnvelopeByteCount = 256 << 10
  /// Bytes of an access request's envelope.
  package static let accessEnvelopeByteCount = 8 << 10
  /// Bytes of a data message's envelope.
  package static let dataEnvelopeByteCount = 128 << 10
  /// Bytes of a blob (1 PiB): larger than any real one, and sums do not overflow.
  package static let byteCountMaximum = 1 << 50
  /// Bytes of a blob in one message.
  package static let chunkByteCount = 64 << 10
  /// Bytes of a serialised result.
  package static let resultByteCount = 192 << 10
  /// Bytes of a serialised report.
  package static let reportByteCount = 64 << 10
  /// Reports of a trial.
  package static let reportCount = 4096
  /// Allowed steps per second besides 0: from one step in thirty years to more than a clock can
  /// resolve.
  package static let rateRange = 1e-9...1e12
  /// Gates of a trial.
  package static let gateCount = 4096
  /// Versions in a result.
  package static let versionCount = 64
  /// Checkpoints that a trial resumed from.
  package static let resumptionCount = 4096
  /// Bytes of a piece of a trajectory.
  package static let pieceByteCount = TrajectoryPiece.byteCountMaximum
  /// Bytes of a configuration's JSON.
  package static let configurationByteCount = 64 << 10
  /// Claims of one worker.
  package static let claimCount = 2048
  /// With more claims than these, they omit progress and checkpoint, so that all fit into a
  /// message.
  package static let progressCount = 768
  /// With more claims than these, they omit refused checkpoints.
  package static let refusalClaimCount = 256
  /// Checkpoints in an assignment.
  package static let checkpointCount = 2
  /// Bytes of the name of an instruction set.
  package static let instructionSetByteCount = 32
  /// Lines of a log in one message.
  package static let logLineCount = 256
  /// Bytes of a log in one message.
  package static let logByteCount = 64 << 10
  /// Trials that one worker runs at once.
  package static let slotCount = 4096
  /// Most cores that a worker lets the coordinator divide, and most threads of a trial.
  package static let coreCount = 4096
  /// Digests in one request for artifacts.
  package static let artifactCount = 256
  /// Characters of an identifier.
  package static let identifierCount = 128
  /// Bytes of a free text.
  package static let textByteCount = 4096
  /// Bytes of a failure's message, which may quote what a trial wrote to stderr.
  package static let failureByteCount = 64 << 10
}
