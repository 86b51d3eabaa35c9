import GRDB

/// Rows ordered by a number in their first column, handed out group by group in one pass.
struct GroupedRows {
  private let rows: StoredRows
  /// The number of the row that comes next; nil after the last one.
  private var next: Int?

  /// Starts before the first group of a query.
  init(_ database: Database, sql: String) throws {
    rows = try StoredRows(database, sql: sql)
    try advance()
  }

  /// Decodes the group of a number, which must be the next one; empty when it is not.
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
