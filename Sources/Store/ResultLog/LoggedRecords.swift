import Coordination
import Foundation
import GRDB
import Trials

/// Converts journal records to entries of the result log: results and discards.
///
/// A discard is written twice with padding between. Otherwise the loss of one disk page could make
/// a discarded result valid again.
struct LoggedRecords {
  /// The padding between the two; it is longer than a page, so that no page contains parts of both.
  private static let paddingByteCount = 8192

  private(set) var entries: [ResultLogEntry] = []
  /// Consecutive discards that were written once.
  private var discards: [ResultLogEntry] = []

  /// No entries.
  init() {}

  /// The entries of records with one time.
  init(_ records: [JournalRecord], milliseconds: Int64) {
    for record in records {
      switch record {
      case .resultRecorded(let trial, let attempt, let worker, let result, _):
        add(
          .result(
            trial: trial, attempt: attempt, worker: worker, milliseconds: milliseconds,
            content: result.bytes))
      case .resultReused(let trial, let origin, let result):
        add(
          .reuse(
            trial: trial, milliseconds: milliseconds, origin: CanonicalJSON.text(origin),
            content: result.bytes))
      case .resultDiscarded(let trial, let reason):
        add(.discard(trial: trial, milliseconds: milliseconds, reason: reason))
      default: continue
      }
    }
    finish()
  }

  /// Adds an entry, after repeating the discards before it.
  mutating func add(_ entry: ResultLogEntry) {
    if case .discard = entry {
      discards.append(entry)
    } else {
      finish()
    }
    entries.append(entry)
  }

  /// Repeats the last discards.
  mutating func finish() {
    guard !discards.isEmpty else { return }
    entries.append(.padding(Self.paddingByteCount))
    entries += discards
    discards = []
  }

  /// Removes and returns the entries so far.
  mutating func take() -> [ResultLogEntry] {
    defer { entries = [] }
    return entries
  }
}
