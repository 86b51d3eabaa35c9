import Coordination
import GRDB
import Trials

/// Where a reader of the journal is, so that each look brings only what was added since the last.
package struct RecordTail: Sendable {
  /// What one look has brought.
  package struct News: Sendable {
    /// The records that are new, about planned trials and about no trial.
    package var records: [StampedRecord]
    /// The plan, where it is another one than before, so that everything begins anew.
    package var plan: SweepPlan?
    /// The number of the last record seen.
    package var sequence: Int
    /// Whether more was there than one look takes.
    package var hasMore: Bool

    /// The same in pieces of at most so many records, which can be taken in one after the other.
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

  /// The most rows that one look reads.
  package static let rowCountMaximum = 2000

  /// The reader that it looks through, for what a look does not bring.
  package let reader: SweepReader
  private var revision: Int?
  private var place = JournalPlace.beginning
  private var reports: [TrialID: MilestoneReport] = [:]

  /// Before the first record.
  package init(_ reader: SweepReader) { self.reader = reader }

  /// The number of the last record seen; 0 before the first.
  package var sequence: Int { place.sequence }

  /// Reads what is new.
  ///
  /// - Throws: ``StoreError`` when the record cannot be read or contradicts its checksums; the next
  ///   look then begins anew.
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
