import Trials

/// The one piece of a trajectory that is on its way to the coordinator.
///
/// One at a time for all works: a heartbeat waits behind no more than one piece.
struct PieceShipping {
  /// What is under way.
  enum Stage {
    /// The bench reads it.
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

  /// Ends what is under way for a work that is no more.
  mutating func end(for id: WorkID) { if current?.id == id { current = nil } }
}
