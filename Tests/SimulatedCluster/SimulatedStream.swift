import Coordination
import Trials

/// The reports and rows of a simulated computation, and what was acknowledged of them.
///
/// One piece and all open reports are sent at a time, and repeated after ``patience``.
struct SimulatedStream {
  /// Where the computation's own rows begin.
  private(set) var base: TrajectoryStart
  /// Its own rows.
  private(set) var rows: [UInt8] = []
  /// The acknowledged prefix.
  private var taken: TrajectoryStart
  /// The unanswered piece.
  private var piece: TrajectoryPiece?
  /// The unacknowledged reports, by milestone index.
  private var reports: [Int: MilestoneReport] = [:]
  private var saidAt = Int.min / 2

  /// How long to wait for an answer.
  static let patience = 10_000

  init(after base: TrajectoryStart) {
    self.base = base
    taken = base
  }

  /// Whether everything was acknowledged.
  var isTaken: Bool { reports.isEmpty && taken.prefix.byteCount == end.byteCount }

  /// Whether the trajectory was acknowledged up to a prefix.
  func hasTaken(_ prefix: TrajectoryPrefix) -> Bool {
    prefix.byteCount <= taken.prefix.byteCount
  }

  /// The trajectory so far.
  var end: TrajectoryPrefix { base.advanced(by: rows).prefix }

  mutating func append(_ row: [UInt8]) { rows += row }

  mutating func reach(_ report: MilestoneReport, index: Int) { reports[index] = report }

  /// The messages to send now; none while waiting for an answer.
  mutating func say(
    _ trial: TrialID, attempt: Int, on connection: ConnectionID, at now: Int, anew: Bool = false
  ) -> [Event] {
    guard anew || now - saidAt >= Self.patience || piece == nil else { return [] }
    if piece == nil {
      let open = rows.dropFirst(taken.prefix.byteCount - base.prefix.byteCount)
      if !open.isEmpty { piece = TrajectoryPiece(after: taken, payload: Array(open)) }
    }
    guard piece != nil || now - saidAt >= Self.patience || anew else { return [] }
    var events: [Event] = reports.sorted { $0.key < $1.key }.map { index, report in
      .reportReached(
        trial: trial, attempt: attempt, index: index, report: report, on: connection)
    }
    if let piece {
      events.append(
        .trajectoryGrown(
          trial: trial, attempt: attempt, start: piece.start, payload: piece.payload,
          end: piece.end.prefix.digest, on: connection))
    }
    if !events.isEmpty { saidAt = now }
    return events
  }

  mutating func noteTaken(report index: Int) { reports[index] = nil }

  mutating func noteTaken(byteCount: Int) {
    guard let piece, piece.end.prefix.byteCount == byteCount else { return }
    taken = piece.end
    self.piece = nil
    saidAt = Int.min / 2
  }

  /// Restarts from the base, since the coordinator does not have the prefix.
  mutating func rewind() {
    taken = base
    piece = nil
    saidAt = Int.min / 2
  }
}
