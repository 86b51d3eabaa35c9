import Trials

/// What a work hands in while it trains, and how far the coordinator has it.
struct StreamStanding {
  /// Where the trajectory's file in the work's folder begins.
  private(set) var base = TrajectoryStart.beginning
  /// How many bytes the trajectory has, those before the file included.
  private(set) var writtenByteCount = 0
  /// Up to where the coordinator has the trajectory.
  private(set) var taken = TrajectoryStart.beginning
  /// When the last piece was taken or went without an answer, or the run began.
  private(set) var takenAt = Duration.zero
  /// The reports that the coordinator does not have, by place, and when they were sent last.
  private(set) var reports: [Int: (report: MilestoneReport, sentAt: Duration)] = [:]

  /// Pieces are sent when so many bytes are there, or after ``pieceInterval``.
  private static let pieceByteCount = 16 << 10
  private static let pieceInterval = Duration.seconds(10)

  /// A run's trajectory at its beginning, or a finished one that was spooled.
  init(after base: TrajectoryStart = .beginning, writtenByteCount: Int? = nil) {
    self.base = base
    self.writtenByteCount = writtenByteCount ?? base.prefix.byteCount
    taken = base
  }

  /// Whether the coordinator has everything.
  var isTaken: Bool { pendingByteCount == 0 && reports.isEmpty }

  /// Bytes that the coordinator does not have.
  var pendingByteCount: Int { writtenByteCount - taken.prefix.byteCount }

  /// Whether the coordinator has the trajectory up to a prefix.
  func hasTaken(_ prefix: TrajectoryPrefix) -> Bool {
    prefix.byteCount <= taken.prefix.byteCount
  }

  /// When a piece is to be sent; nil when there is nothing to send.
  ///
  /// - Parameter isUrgent: Whether something waits for it.
  func pieceDeadline(isUrgent: Bool) -> Duration? {
    guard pendingByteCount > 0 else { return nil }
    return isUrgent || pendingByteCount >= Self.pieceByteCount
      ? .zero : takenAt + Self.pieceInterval
  }

  mutating func begin(after base: TrajectoryStart, at now: Duration) {
    self = StreamStanding(after: base)
    takenAt = now
  }

  mutating func note(writtenByteCount: Int) {
    self.writtenByteCount = max(self.writtenByteCount, writtenByteCount)
  }

  mutating func take(_ piece: TrajectoryPiece, at now: Duration) {
    taken = piece.end
    takenAt = now
  }

  /// Lets the pieces of others go first.
  mutating func postpone(at now: Duration) { takenAt = now }

  /// Begins anew with what was taken.
  mutating func rewind() { taken = base }

  mutating func reach(_ report: MilestoneReport, at index: Int, sentAt: Duration) {
    reports[index] = (report, sentAt)
  }

  mutating func noteTaken(report index: Int) { reports[index] = nil }
}
