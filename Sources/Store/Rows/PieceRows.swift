import Digests
import GRDB
import Trials

/// The bytes of unfinished trials' trajectories: rows of `piece`.
enum PieceRows {
  /// Inserts a piece under the number of its record.
  static func insert(
    _ piece: TrajectoryPiece, ofTrial number: Int, attempt: Int, sequence: Int,
    in database: Database
  ) throws {
    var row = try RowInsertion("INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?, ?)", in: database)
    row.add(sequence)
    row.add(number)
    row.add(attempt)
    row.add(bytes: piece.start.digest.bytes)
    row.add(bytes: piece.end.prefix.digest.bytes)
    row.add(piece.end.prefix.byteCount)
    row.add(bytes: piece.payload)
    try row.insert()
  }

  /// Deletes the pieces of a trial whose whole file is stored or whose attempts are void.
  static func delete(ofTrial number: Int, in database: Database) throws {
    try database.cachedStatement(sql: "DELETE FROM piece WHERE trial = ?")
      .execute(arguments: [number])
  }

  /// A stored piece.
  struct Stored {
    var attempt: Int
    var start: Digest
    var end: TrajectoryPrefix
    var payload: [UInt8]
  }

  /// Reads the pieces of a trial, in the order in which they were recorded.
  ///
  /// - Throws: ``Damage`` if a row is invalid.
  static func fetch(ofTrial number: Int, in database: Database) throws -> [Stored] {
    let rows = try StoredRows(
      database,
      sql: """
        SELECT attempt, start_sha256, end_sha256, end_bytes, payload FROM piece WHERE trial = ?
        ORDER BY sequence
        """, arguments: [number])
    var pieces: [Stored] = []
    while try rows.next() {
      guard let start = Digest(try rows.bytes(1)), let end = Digest(try rows.bytes(2)) else {
        throw Damage("a piece of trial number \(number): a digest is not 32 bytes")
      }
      pieces.append(
        Stored(
          attempt: try rows.int(0), start: start,
          end: TrajectoryPrefix(byteCount: try rows.int(3), digest: end),
          payload: [UInt8](try rows.bytes(4))))
    }
    return pieces
  }
}
