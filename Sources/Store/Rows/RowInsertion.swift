import GRDB
import GRDBSQLite

/// A prepared `INSERT` that binds values directly.
///
/// GRDB boxes every argument, which costs more than SQLite's own work, and acknowledgements wait
/// for it. The C functions are `sqlite3_bind_*`, `sqlite3_step` and `sqlite3_reset`.
struct RowInsertion {
  private let statement: Statement
  private let database: Database
  private var position: Int32 = 0

  /// Prepares an `INSERT` with a `?` for every column, or finds it prepared.
  init(_ sql: String, in database: Database) throws {
    statement = try database.cachedStatement(sql: sql)
    self.database = database
  }

  /// Binds the next column to a whole number.
  mutating func add(_ number: some BinaryInteger) {
    position += 1
    sqlite3_bind_int64(statement.sqliteStatement, position, Int64(number))
  }

  /// Binds the next column to a whole number, or to null.
  mutating func add(_ number: Int?) {
    if let number { add(number) } else { addNull() }
  }

  /// Binds the next column to a real number.
  mutating func add(_ number: Double) {
    position += 1
    sqlite3_bind_double(statement.sqliteStatement, position, number)
  }

  /// Binds the next column to a text, or to null.
  mutating func add(_ text: String?) {
    guard var text else { return addNull() }
    position += 1
    text.withUTF8 { utf8 in
      _ = utf8.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(
          statement.sqliteStatement, position, $0.baseAddress ?? Self.nothing, Int32($0.count),
          Self.copied)
      }
    }
  }

  /// Binds the next column to a blob.
  mutating func add(bytes: [UInt8]) {
    position += 1
    bytes.withUnsafeBytes {
      _ = sqlite3_bind_blob(
        statement.sqliteStatement, position, $0.baseAddress ?? UnsafeRawPointer(Self.nothing),
        Int32($0.count), Self.copied)
    }
  }

  private mutating func addNull() {
    position += 1
    sqlite3_bind_null(statement.sqliteStatement, position)
  }

  /// Inserts the row; later values belong to the next row.
  ///
  /// - Throws: `DatabaseError` with SQLite's extended code.
  mutating func insert() throws {
    let expected = sqlite3_bind_parameter_count(statement.sqliteStatement)
    precondition(position == expected, "a row has a value for every column")
    position = 0
    let code = sqlite3_step(statement.sqliteStatement)
    guard code == SQLITE_DONE else {
      let error = DatabaseError(
        resultCode: ResultCode(rawValue: sqlite3_extended_errcode(database.sqliteConnection)),
        message: database.lastErrorMessage, sql: statement.sql)
      sqlite3_reset(statement.sqliteStatement)
      throw error
    }
    sqlite3_reset(statement.sqliteStatement)
  }

  /// `SQLITE_TRANSIENT`: SQLite copies the value.
  private static var copied: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }
  /// The address of an empty text or blob, since null would mean `NULL`.
  private static var nothing: UnsafePointer<CChar> { UnsafePointer(bitPattern: 1)! }
}
