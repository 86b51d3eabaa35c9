import Coordination
import Foundation
import Trials

/// A journal record with its number and the wall-clock time of its commit.
package struct StampedRecord: Hashable, Sendable {
  /// The record's number in the journal, from 1 without gaps.
  package var sequence: Int
  /// When it was stored, to the millisecond; for display only.
  package var time: Date
  /// What happened.
  package var record: JournalRecord

  /// A record with its number and time.
  package init(sequence: Int, time: Date, record: JournalRecord) {
    self.sequence = sequence
    self.time = time
    self.record = record
  }
}
