import Foundation
import Reports
import Store
import Trials

/// What the record adds to the state of a running sweep that its coordinator tells: the results so
/// far, the courses of running trials, and what happened last.
struct WatchFacts {
  /// All that is known of the sweep; nil before the first reading.
  var results: SweepResults?
  /// The moving averages of the error so far, by the trial's name.
  var errors: [String: [Double]] = [:]
  /// What happened last, the latest first.
  var latest: [LatestRecord] = []
}

/// Reads ``WatchFacts``, no oftener than they are worth.
///
/// Reading never waits for the coordinator and never delays it. What cannot be read, as on a full
/// disk, stays as it was.
final class WatchedRecord {
  /// How long facts stand at least.
  private static let rest = Duration.seconds(2)
  /// Of the time, the part that reading may take.
  private static let shareMaximum = 0.05
  /// Of at most so many running trials the course is read.
  private static let courseCountMaximum = 16
  private static let latestCountMaximum = 20
  /// Samples kept of a course.
  private static let sampleCountMaximum = 64
  /// The place of the moving average in a row of `trajectory.csv`.
  private static let errorColumn = 2

  private let reader: SweepReader
  private let clock = ContinuousClock()
  private var nextReading: ContinuousClock.Instant
  private var facts = WatchFacts()

  /// The record in a sweep's folder.
  ///
  /// - Throws: `StoreError`.
  init(_ folder: URL) throws {
    reader = try SweepReader.open(directory: folder)
    nextReading = clock.now
  }

  /// The facts as of a moment ago; as of now for the last time.
  func facts(beside status: SweepStatus, isLast: Bool = false) -> WatchFacts {
    let start = clock.now
    guard isLast || start >= nextReading else { return facts }
    if let results = try? reader.results() { facts.results = results }
    let running = status.running.prefix(Self.courseCountMaximum).compactMap { TrialID($0.trial) }
    if let texts = try? reader.trajectories(of: running) {
      facts.errors = [:]
      for (trial, text) in texts { facts.errors["\(trial)"] = Self.errors(in: text) }
    }
    if let latest = try? reader.latest(Self.latestCountMaximum) { facts.latest = latest }
    nextReading = start + max(Self.rest, (clock.now - start) / Self.shareMaximum)
    return facts
  }

  /// Some of the moving averages in a trajectory, first and last among them.
  static func errors(in text: [UInt8]) -> [Double] {
    let rows = text.split(separator: UInt8(ascii: "\n")).dropFirst()
    return EvenChoice.indices(of: rows.count, most: sampleCountMaximum).map { index in
      let fields = rows[rows.startIndex + index].split(
        separator: UInt8(ascii: ","), maxSplits: errorColumn + 1, omittingEmptySubsequences: false)
      guard fields.count > errorColumn else { return .nan }
      return Double(String(decoding: fields[errorColumn], as: UTF8.self)) ?? .nan
    }
  }
}
