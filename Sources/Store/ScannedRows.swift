import GRDB

/// The rows that a file's pages hold, in a database in memory with the tables of a store.
///
/// Which page belongs to which table is told by its rows: the tables differ in number or kinds of
/// columns. Of several versions of a row the latest stays. Nothing is proved yet.
enum ScannedRows {
  /// Reads a file.
  static func database(of file: PageFile) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(configuration: configuration)
    try queue.write { database in
      try StoreSchema.create(in: database)
      // An older version of a row must not displace another row that has its place now.
      try database.execute(
        sql: """
          DROP TABLE trial;
          CREATE TABLE trial (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL, position INTEGER, stage TEXT NOT NULL,
            replicate INTEGER NOT NULL, configuration TEXT NOT NULL
          ) STRICT;
          """)
      try file.forEachPage { page in
        for row in PageRows(on: page, in: file).rows { try insert(row, into: database) }
      }
    }
    return queue
  }

  private static func insert(_ row: PageRows.StoredRow, into database: Database) throws {
    guard let table = table(of: row) else { return }
    var values = row.values
    if let number = row.number { values[0] = number.databaseValue }
    let places = values.map { _ in "?" }.joined(separator: ", ")
    let statement = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO \(table) VALUES (\(places))")
    do {
      try statement.execute(arguments: StatementArguments(values))
    } catch let error as DatabaseError
      where error.resultCode == .SQLITE_CONSTRAINT || error.resultCode == .SQLITE_MISMATCH
    {
      // A value that the column cannot have: the row was damaged.
    }
  }

  private static func table(of row: PageRows.StoredRow) -> String? {
    let values = row.values
    guard row.number == nil || values.first?.isNull == true else { return nil }
    switch (row.number != nil, values.count) {
    case (true, 6): return "trial"
    case (true, 8): return values[1].storage.isText ? "plan" : "journal"
    case (true, 16): return "result"
    case (false, 10): return "milestone"
    case (false, 5): return values[2].storage.isText ? "artifact" : "resumption"
    default: return nil
    }
  }
}

extension DatabaseValue.Storage {
  fileprivate var isText: Bool { if case .string = self { true } else { false } }
}
