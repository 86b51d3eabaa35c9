import GRDB

/// Reads rows that are ordered by a number in their first column, group by group in one pass.
struct GroupedRows {
  private let rows: StoredRows
  /// The number of the next row; nil after the last one.
  private var next: Int?

  /// Starts before the first group of a query.
  init(_ database: Database, sql: String) throws {
    rows = try StoredRows(database, sql: sql)
    try advance()
  }

  /// Decodes the group of a number if it is the next one; otherwise returns an empty array.
  mutating func take<Value>(
    of number: Int, decode: (StoredRows) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    while next == number {
      values.append(try decode(rows))
      try advance()
    }
    return values
  }

  private mutating func advance() throws { next = try rows.next() ? rows.int(0) : nil }
}
