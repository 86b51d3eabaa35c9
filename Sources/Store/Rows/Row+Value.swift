import GRDB

extension Row {
  /// The value of a column that the schema requires.
  ///
  /// - Throws: ``Damage`` if it is missing, which happens only on a damaged page.
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
