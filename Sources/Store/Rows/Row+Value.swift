import GRDB

extension Row {
  /// A column's value, which the schema says is there.
  ///
  /// - Throws: ``Damage`` when it is not: only a damaged page has such a row.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ index: Int
  ) throws -> Value {
    do {
      return try decode(Value.self, atIndex: index)
    } catch {
      throw Damage("a value that is none: \(error)")
    }
  }
}
