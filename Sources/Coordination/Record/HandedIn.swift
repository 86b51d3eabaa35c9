import Digests
import Trials

/// Reports and trajectory pieces recorded so far of a trial without a result.
struct HandedIn: Hashable, Sendable {
  /// A milestone's report and its source.
  struct Report: Hashable, Sendable {
    var worker: WorkerID
    var attempt: Int
    var instructionSet: String
    var report: MilestoneReport
  }

  /// The reports by milestone index: one per worker and attempt, the latest last.
  private(set) var reports: [Int: [Report]] = [:]
  /// Where pieces of the trajectory end, by the digest of the prefix.
  private(set) var ends: [Digest: TrajectoryStart] = [:]

  /// How much of the trajectory each attempt has handed in.
  private(set) var volumes: [Int: TrajectoryVolume] = [:]

  /// The latest report of each milestone.
  var latestReports: [Int: MilestoneReport] { reports.compactMapValues { $0.last?.report } }

  /// A worker's reports in an attempt, by milestone index.
  ///
  /// Only reports of one worker in one attempt must agree. In another attempt the same worker may
  /// resume from a checkpoint of another instruction set and compute different numbers.
  func reports(by worker: WorkerID, attempt: Int) -> [Int: MilestoneReport] {
    reports.compactMapValues {
      $0.first { $0.worker == worker && $0.attempt == attempt }?.report
    }
  }

  /// Adds a report.
  mutating func take(_ report: Report, at index: Int) {
    reports[index, default: []].append(report)
  }

  /// Where a prefix ends; nil when it is not recorded.
  func start(at prefix: TrajectoryPrefix) -> TrajectoryStart? {
    if prefix == .empty { return .beginning }
    guard let start = ends[prefix.digest], start.prefix == prefix else { return nil }
    return start
  }

  /// Adds a piece of an attempt whose start is recorded.
  mutating func extend(by piece: TrajectoryPiece, of attempt: Int) {
    ends[piece.end.prefix.digest] = piece.end
    // The journal may be read without the pieces' bytes.
    volumes[attempt] = volumes[attempt, default: TrajectoryVolume()].adding(
      byteCount: piece.end.prefix.byteCount - piece.start.byteCount)
  }
}
