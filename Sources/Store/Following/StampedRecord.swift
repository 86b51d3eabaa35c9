import Coordination
import Foundation
import Trials

/// A record of the journal with its place and the wall-clock time at which it was stored.
package struct StampedRecord: Hashable, Sendable {
  /// The record's number in the journal, from 1 without gaps.
  package var sequence: Int
  /// When it was stored, to the millisecond; for people, nothing is decided by it.
  package var time: Date
  /// What happened.
  package var record: JournalRecord

  /// A record of the given place and time.
  package init(sequence: Int, time: Date, record: JournalRecord) {
    self.sequence = sequence
    self.time = time
    self.record = record
  }
}
