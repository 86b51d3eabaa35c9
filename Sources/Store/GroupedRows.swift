import GRDB

/// Rows ordered by a number in their first column, handed out group by group in one pass.
final class GroupedRows {
  private let cursor: RowCursor
  private var next: Row?

  /// Starts before the first group of a cursor.
  init(_ cursor: RowCursor) throws {
    self.cursor = cursor
    next = try cursor.next()
  }

  /// Decodes the group of a number, which must be the next one; empty when it is not.
  func take<Value>(of number: Int, decode: (Row) throws -> Value) throws -> [Value] {
    var values: [Value] = []
    while let row = next, try row.value(0) == number {
      values.append(try decode(row))
      next = try cursor.next()
    }
    return values
  }
}
