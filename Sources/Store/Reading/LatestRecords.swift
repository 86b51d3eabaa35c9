import Coordination
import Foundation
import GRDB
import Trials

/// One of the latest events of a sweep, for display; read without verifying the journal's
/// checksums.
package struct LatestRecord: Hashable, Sendable {
  /// What happened.
  package enum Content: Hashable, Sendable {
    /// A worker delivered a trial's result.
    case completed(TrialID, WorkerID)
    /// The result was reused from another sweep.
    case reused(TrialID)
    /// Another record, without a result.
    case record(JournalRecord)
  }

  /// The record's number in the journal.
  package var sequence: Int
  /// When it was stored.
  package var time: Date
  /// What happened.
  package var content: Content

  /// A record of the given parts.
  package init(sequence: Int, time: Date, content: Content) {
    self.sequence = sequence
    self.time = time
    self.content = content
  }
}

extension SweepReader {
  /// Most journal rows searched.
  private static let rowCountMaximum = 5000
  /// The kinds that are shown; the others are too frequent.
  private static let kinds: [JournalRows.Kind] = [
    .resultRecorded, .resultReused, .attemptEnded, .trialFailed, .trialStopped, .trialRetried,
    .resultDiscarded, .hostDrained, .hostUndrained, .stagePaused, .stageResumed, .workerIntroduced,
  ]

  /// The latest events, newest first.
  package func latest(_ count: Int) throws(StoreError) -> [LatestRecord] {
    try read { database in
      let numbers = try self.storedPlan(in: database).numbers
      let words = Self.kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      let rows = try StoredRows(
        database,
        sql: """
          SELECT sequence, recorded_at_ms, kind, trial, attempt, worker, detail FROM journal
          WHERE sequence > (SELECT COALESCE(MAX(sequence), 0) FROM journal) - \
          \(Self.rowCountMaximum) AND kind IN (\(words))
          ORDER BY sequence DESC LIMIT \(max(0, count))
          """)
      var records: [LatestRecord] = []
      while try rows.next() {
        let sequence = try rows.int(0)
        guard let kind = JournalRows.Kind(rawValue: try rows.text(2)) else { continue }
        let trial = try rows.optionalInt(3).map(numbers.trial)
        let worker = try rows.optionalText(5).map(WorkerID.init)
        let content: LatestRecord.Content
        switch (kind, trial, worker) {
        case (.resultRecorded, let trial?, let worker?): content = .completed(trial, worker)
        case (.resultReused, let trial?, _): content = .reused(trial)
        default:
          content = .record(
            try JournalRows.record(
              of: JournalRows.Columns(
                kind: kind, trial: trial, attempt: try rows.optionalInt(4), worker: worker,
                detail: try rows.optionalText(6)),
              sequence: sequence, result: nil))
        }
        records.append(
          LatestRecord(
            sequence: sequence,
            time: Date(timeIntervalSince1970: Double(try rows.int(1)) / 1000), content: content))
      }
      return records
    }
  }
}
