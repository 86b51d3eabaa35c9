/// A journal whose records contradict each other.
package struct JournalContradiction: Error, Hashable, Sendable, CustomStringConvertible {
  /// The record that does not fit, in words.
  package var record: String
  /// What the earlier records say.
  package var found: String
  /// What the record needs.
  package var expected: String

  package var description: String { "journal: \(record): found \(found), expected \(expected)" }
}
