import Coordination
import GRDB
import Trials

/// A position in the journal; each read returns only the records added since the last.
package struct RecordTail: Sendable {
  /// The outcome of one read.
  package struct News: Sendable {
    /// The new records about planned trials or about no trial.
    package var records: [StampedRecord]
    /// The plan if it has changed; the reader must then start from the beginning.
    package var plan: SweepPlan?
    /// The number of the last record read.
    package var sequence: Int
    /// Whether there are more records than one read returns.
    package var hasMore: Bool

    /// The same, split into pieces of at most `count` records.
    package func pieces(of count: Int) -> [News] {
      let starts = stride(from: 0, to: max(records.count, 1), by: count)
      return starts.map { start in
        let end = min(start + count, records.count)
        let isLast = end == records.count
        let piece = Array(records[start..<end])
        return News(
          records: piece, plan: start == 0 ? plan : nil,
          sequence: isLast ? sequence : piece.last?.sequence ?? sequence,
          hasMore: !isLast || hasMore)
      }
    }
  }

  /// The most rows per read.
  package static let rowCountMaximum = 2000

  /// The underlying reader, for other queries.
  package let reader: SweepReader
  private var revision: Int?
  private var place = JournalPlace.beginning
  private var reports: [TrialID: MilestoneReport] = [:]

  /// Before the first record.
  package init(_ reader: SweepReader) { self.reader = reader }

  /// The number of the last record seen; 0 before the first.
  package var sequence: Int { place.sequence }

  /// Reads the new records.
  ///
  /// - Throws: ``StoreError`` if the record cannot be read or contradicts its checksums. The next
  ///   read then starts from the beginning.
  package mutating func look() throws(StoreError) -> News {
    let reader = reader
    do {
      return try reader.read { database in try self.look(in: database) }
    } catch {
      revision = nil
      throw error
    }
  }

  private mutating func look(in database: Database) throws -> News {
    let stored = try reader.storedPlan(in: database)
    let isReplanned = stored.revision != revision
    if isReplanned {
      revision = stored.revision
      place = .beginning
      reports = [:]
    }
    let before = place.sequence
    var results = try ResultReading(
      numbers: stored.numbers, after: before, reports: reports, in: database)
    let records = try JournalRows.fetch(
      after: &place, atMost: Self.rowCountMaximum, numbers: stored.numbers, in: database
    ) { try results.take(sequence: $0, ofTrial: $1) }
    reports = results.reports
    return News(
      records: records, plan: isReplanned ? stored.plan : nil, sequence: place.sequence,
      hasMore: place.sequence - before == Self.rowCountMaximum)
  }
}
