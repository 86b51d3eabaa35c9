import Digests

/// The bytes of a trial's `trajectory.csv` between two prefixes.
package struct TrajectoryPiece: Hashable, Sendable {
  /// The prefix before the piece.
  package var start: TrajectoryPrefix
  /// The prefix including the piece, and the state of its digest.
  package var end: TrajectoryStart
  /// The piece's bytes; empty if the journal was read without them.
  package var payload: [UInt8]

  /// The largest piece, in bytes.
  package static let byteCountMaximum = 64 << 10

  /// A piece that was recorded.
  package init(start: TrajectoryPrefix, end: TrajectoryStart, payload: [UInt8] = []) {
    self.start = start
    self.end = end
    self.payload = payload
  }

  /// The piece of the bytes that follow a start.
  package init(after start: TrajectoryStart, payload: [UInt8]) {
    self.start = start.prefix
    end = start.advanced(by: payload)
    self.payload = payload
  }
}
