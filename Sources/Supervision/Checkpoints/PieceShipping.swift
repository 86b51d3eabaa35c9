import Trials

/// The piece of a trajectory that is being sent to the coordinator.
///
/// Only one at a time for all works, so that a heartbeat waits behind at most one piece.
struct PieceShipping {
  /// The progress of the piece.
  enum Stage {
    /// The shell reads it.
    case reading
    /// The coordinator has not answered yet.
    case sent(TrajectoryPiece, at: Duration)
  }

  private(set) var current: (id: WorkID, stage: Stage)?

  mutating func read(for id: WorkID) { current = (id, .reading) }

  mutating func send(_ piece: TrajectoryPiece, of id: WorkID, at now: Duration) {
    current = (id, .sent(piece, at: now))
  }

  mutating func end() { current = nil }

  /// Drops the piece of a work that has ended.
  mutating func end(for id: WorkID) { if current?.id == id { current = nil } }
}
