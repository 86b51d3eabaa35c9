import GRDB
import GRDBSQLite

/// Iterates over the rows of a query and reads their columns in place.
///
/// A restart reads a million rows for 100,000 trials; GRDB's rows take several times as long.
final class StoredRows {
  private let statement: Statement
  private let handle: SQLiteStatement

  /// The rows of a query, before the first of them.
  ///
  /// Only one instance per query and connection may be in use.
  init(_ database: Database, sql: String, arguments: StatementArguments = []) throws {
    statement = try database.cachedStatement(sql: sql)
    statement.arguments = arguments
    handle = statement.sqliteStatement
    sqlite3_reset(handle)
  }

  deinit { sqlite3_reset(handle) }

  /// Advances to the next row; returns false after the last one.
  func next() throws -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let connection = sqlite3_db_handle(handle)
      throw DatabaseError(
        resultCode: ResultCode(rawValue: code), message: sqlite3_errmsg(connection).map(String.init)
      )
    }
  }

  /// A column's whole number.
  ///
  /// - Throws: ``Damage`` if it holds another type. As the schema forbids that, it happens only on
  ///   a damaged page. The other accessors throw likewise.
  func int(_ column: Int) throws -> Int {
    try require(SQLITE_INTEGER, column)
    return Int(sqlite3_column_int64(handle, Int32(column)))
  }

  /// A column's whole number, or nil.
  func optionalInt(_ column: Int) throws -> Int? { try isNull(column) ? nil : int(column) }

  /// A column's real number.
  func double(_ column: Int) throws -> Double {
    try require(SQLITE_FLOAT, column)
    return sqlite3_column_double(handle, Int32(column))
  }

  /// The UTF-8 bytes of a column's text, valid until the next row.
  func utf8(_ column: Int) throws -> UnsafeBufferPointer<UInt8> {
    try require(SQLITE_TEXT, column)
    let text = sqlite3_column_text(handle, Int32(column))
    return UnsafeBufferPointer(start: text, count: byteCount(column))
  }

  /// A column's text.
  func text(_ column: Int) throws -> String { String(decoding: try utf8(column), as: UTF8.self) }

  /// A column's text, or nil.
  func optionalText(_ column: Int) throws -> String? { try isNull(column) ? nil : text(column) }

  /// A column's bytes, valid until the next row.
  func bytes(_ column: Int) throws -> UnsafeRawBufferPointer {
    try require(SQLITE_BLOB, column)
    let bytes = sqlite3_column_blob(handle, Int32(column))
    return UnsafeRawBufferPointer(start: bytes, count: byteCount(column))
  }

  private func byteCount(_ column: Int) -> Int {
    Int(sqlite3_column_bytes(handle, Int32(column)))
  }

  private func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL
  }

  private func require(_ type: Int32, _ column: Int) throws {
    guard sqlite3_column_type(handle, Int32(column)) == type else {
      throw Damage("a value of another type than its column's, \(name(of: column))")
    }
  }

  private func name(of column: Int) -> String {
    sqlite3_column_name(handle, Int32(column)).map { String(cString: $0) } ?? ""
  }
}
