import Foundation
import Reports
import Store
import Trials

/// What `watch` reads from the record: the results so far, the error histories of running trials,
/// and the latest events.
struct WatchFacts {
  /// The results of the sweep; nil before the first read.
  var results: SweepResults?
  /// The moving averages of the error so far, by the trial's name.
  var errors: [String: [Double]] = [:]
  /// The latest events, newest first.
  var latest: [LatestRecord] = []
}

/// Reads ``WatchFacts`` at a limited rate.
///
/// Reading neither waits for the coordinator nor delays it. If a read fails, for example on a full
/// disk, the previous facts stay.
final class WatchedRecord {
  /// Shortest time between two reads.
  private static let rest = Duration.seconds(2)
  /// Largest fraction of time spent on reading.
  private static let shareMaximum = 0.05
  /// Most running trials whose error history is read.
  private static let courseCountMaximum = 16
  private static let latestCountMaximum = 20
  /// Samples kept per error history.
  private static let sampleCountMaximum = 64
  /// The column of the moving average in `trajectory.csv`.
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

  /// The facts, which may be a few seconds old except for the last call.
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

  /// Samples of the moving average in a trajectory, including the first and the last.
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
