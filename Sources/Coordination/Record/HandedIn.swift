import Digests
import Trials

/// What a trial without a result has handed in so far.
struct HandedIn: Hashable, Sendable {
  /// A milestone's report and whose it is.
  struct Report: Hashable, Sendable {
    var worker: WorkerID
    var attempt: Int
    var instructionSet: String
    var report: MilestoneReport
  }

  /// The reports by their milestone's place: one of each worker and attempt, the latest last.
  private(set) var reports: [Int: [Report]] = [:]
  /// Where pieces of the trajectory end, by the digest of the prefix.
  private(set) var ends: [Digest: TrajectoryStart] = [:]

  /// The latest report of each milestone.
  var latestReports: [Int: MilestoneReport] { reports.compactMapValues { $0.last?.report } }

  /// What a worker has reported in an attempt, by place.
  ///
  /// One attempt of one worker is one computation. In another the same worker may go on from a
  /// checkpoint of another instruction set, and find other numbers.
  func reports(by worker: WorkerID, attempt: Int) -> [Int: MilestoneReport] {
    reports.compactMapValues {
      $0.first { $0.worker == worker && $0.attempt == attempt }?.report
    }
  }

  /// Takes in a report.
  mutating func take(_ report: Report, at index: Int) {
    reports[index, default: []].append(report)
  }

  /// Where a prefix ends; nil when it is not recorded.
  func start(at prefix: TrajectoryPrefix) -> TrajectoryStart? {
    if prefix == .empty { return .beginning }
    guard let start = ends[prefix.digest], start.prefix == prefix else { return nil }
    return start
  }

  /// Takes in a piece whose start is recorded.
  mutating func extend(by piece: TrajectoryPiece) { ends[piece.end.prefix.digest] = piece.end }
}
