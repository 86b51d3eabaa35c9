import GRDB

/// The committed length of the result log in bytes: the one row of `log`.
///
/// The row also stores the number of the last journal record and a checksum. Bytes after the
/// committed offset are truncated, so a damaged or outdated offset must be detected.
enum LogRows {
  /// Stores that there is no log yet.
  static func create(in database: Database) throws {
    try database.execute(
      sql: "INSERT INTO log VALUES (1, 0, 0, ?)",
      arguments: [checksum(offset: 0, sequence: 0)])
  }

  /// The committed offset; 0 before there is a log.
  ///
  /// - Throws: ``Damage`` if the row is missing or damaged, or older than the last record that the
  ///   log contains.
  static func committedOffset(in database: Database) throws -> Int {
    guard
      let row = try Row.fetchOne(database, sql: "SELECT committed, sequence, checksum FROM log")
    else { throw Damage("the row of the log of results is missing") }
    let (offset, sequence): (Int, Int) = (try row.value(0), try row.value(1))
    guard try row.value(2) == checksum(offset: offset, sequence: sequence) else {
      throw Damage("the row of the log of results contradicts its checksum")
    }
    guard offset > 0 else { return 0 }
    let isOld = try Bool.fetchOne(
      database,
      sql: """
        SELECT EXISTS (SELECT 1 FROM journal WHERE sequence > ?
        AND kind IN ('result-recorded', 'result-reused', 'result-discarded'))
        """, arguments: [sequence])
    guard isOld == false else {
      throw Damage("the row of the log of results is older than the journal")
    }
    return offset
  }

  /// Stores the committed offset.
  static func commit(_ offset: Int, in database: Database) throws {
    let sequence = try Int.fetchOne(database, sql: "SELECT max(sequence) FROM journal") ?? 0
    try database.cachedStatement(
      sql: "UPDATE log SET committed = ?, sequence = ?, checksum = ?"
    ).execute(
      arguments: [offset, sequence, checksum(offset: offset, sequence: sequence)])
  }

  /// Writes entries to the log, syncs it, and commits their length with the current transaction.
  ///
  /// - Returns: The argument for ``ResultLog/commit(_:)`` after the transaction; nil without
  ///   entries.
  static func append(
    _ entries: [ResultLogEntry], to log: inout ResultLog, in database: Database
  ) throws -> Int? {
    guard !entries.isEmpty else { return nil }
    let offset = try log.append(entries)
    try commit(offset, in: database)
    return offset
  }

  private static func checksum(offset: Int, sequence: Int) -> Int64 {
    var checksum = Checksum()
    checksum.add(Int64(offset))
    checksum.add(Int64(sequence))
    return checksum.value
  }
}
