import Coordination
import Foundation
import GRDB
import Trials

/// What the log of results tells of the journal: results, and which of them do not count.
///
/// A discard is told twice with padding between, so that the loss of one page of the disk, which
/// may cost a result, does not bring back one that nobody believes.
struct LoggedRecords {
  /// The padding between the two: more than a page, so that no page has a part of both.
  private static let paddingByteCount = 8192

  private(set) var entries: [ResultLogEntry] = []
  /// Discards that follow each other, told once.
  private var discards: [ResultLogEntry] = []

  /// No entries.
  init() {}

  /// The entries of records that are stored at one time.
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

  /// Adds an entry, after the second telling of the discards before it.
  mutating func add(_ entry: ResultLogEntry) {
    if case .discard = entry {
      discards.append(entry)
    } else {
      finish()
    }
    entries.append(entry)
  }

  /// Tells the last discards again.
  mutating func finish() {
    guard !discards.isEmpty else { return }
    entries.append(.padding(Self.paddingByteCount))
    entries += discards
    discards = []
  }

  /// Takes the entries so far, to go on with none.
  mutating func take() -> [ResultLogEntry] {
    defer { entries = [] }
    return entries
  }
}
