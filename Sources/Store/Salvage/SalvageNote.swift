import Foundation
import GRDB

/// Notes that a record was salvaged from a damaged one, for display.
package struct SalvageNote: Hashable, Sendable {
  /// The folder that the damaged record is in.
  package var origin: String
  /// When it was salvaged, to the millisecond.
  package var time: Date
  /// The outcome, as a clause.
  package var outcome: String

  /// A note of the given parts.
  package init(origin: String, time: Date, outcome: String) {
    self.origin = origin
    self.time = time
    self.outcome = outcome
  }
}

extension SalvageNote: CustomStringConvertible {
  package var description: String {
    "salvaged from \(origin) at \(time.formatted(.iso8601)): \(outcome)"
  }
}

extension SalvageNote {
  /// Stores the note in a store that has none.
  func insert(into database: Database) throws {
    try StoreSchema.createSalvage(in: database)
    try database.execute(
      sql: "INSERT INTO salvage VALUES (1, ?, ?, ?)",
      arguments: [origin, Int64((time.timeIntervalSince1970 * 1000).rounded()), outcome])
  }

  /// Reads the note; nil when there is none.
  static func fetch(in database: Database) throws -> SalvageNote? {
    guard try database.tableExists("salvage"),
      let row = try Row.fetchOne(
        database, sql: "SELECT origin, salvaged_at_ms, outcome FROM salvage")
    else { return nil }
    return SalvageNote(
      origin: try row.value(0),
      time: Date(timeIntervalSince1970: Double(try row.value(1) as Int64) / 1000),
      outcome: try row.value(2))
  }
}
