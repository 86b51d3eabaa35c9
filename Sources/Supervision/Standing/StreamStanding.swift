import Trials

/// The reports and trajectory of a work, and how much of them the coordinator has.
struct StreamStanding {
  /// Where the trajectory's file in the work's folder begins.
  private(set) var base = TrajectoryStart.beginning
  /// Length of the trajectory in bytes, including those before the file.
  private(set) var writtenByteCount = 0
  /// The prefix of the trajectory that the coordinator has.
  private(set) var taken = TrajectoryStart.beginning
  /// When the last piece was taken or postponed, or the run began.
  private(set) var takenAt = Duration.zero
  /// The unacknowledged reports by milestone index, and when they were last sent.
  private(set) var reports: [Int: (report: MilestoneReport, sentAt: Duration)] = [:]

  /// A piece is sent when it has so many bytes, or after ``pieceInterval``.
  private static let pieceByteCount = 16 << 10
  private static let pieceInterval = Duration.seconds(10)

  /// The state at the start of a run, or of a spooled result.
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

  /// When the next piece is due; nil if there is nothing to send.
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

  /// Goes on after the process was replaced.
  ///
  /// The new one writes the same bytes again from where its checkpoint ends. Until it says so, only
  /// what the coordinator has is sure to be in the file.
  mutating func resume(at now: Duration) {
    writtenByteCount = taken.prefix.byteCount
    takenAt = now
  }

  mutating func note(writtenByteCount: Int) {
    self.writtenByteCount = max(self.writtenByteCount, writtenByteCount)
  }

  mutating func take(_ piece: TrajectoryPiece, at now: Duration) {
    taken = piece.end
    takenAt = now
  }

  /// Lets the pieces of other works go first.
  mutating func postpone(at now: Duration) { takenAt = now }

  /// Restarts sending from the base.
  mutating func rewind() { taken = base }

  mutating func reach(_ report: MilestoneReport, at index: Int, sentAt: Duration) {
    reports[index] = (report, sentAt)
  }

  mutating func noteTaken(report index: Int) { reports[index] = nil }
}
