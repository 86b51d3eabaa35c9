import GRDB

/// The tables of a sweep's store.
///
/// - `plan`: the sweep as planned (one row), the text of its file, and the identity drawn for
///   this store when it was made.
/// - `trial`: every trial ever planned, in canonical text, whose hash is its name `id`; `position`
///   is its place in the plan, null when it is no longer planned. The other tables refer to it by
///   `number`: numbers follow the plan, as work does, so that a commit touches few pages.
/// - `journal`: what happened, in order; the truth that the coordinator's state is replayed from.
/// - `result`: the results as they were received, each under the number of its record, with what
///   computed them. That a trial has only one that is not discarded is the schema's business.
/// - `piece`: bytes of the trajectories of unfinished trials.
/// - `images`: the one image archive that the trials of a data set train on.
/// - `log`: how many bytes of the log of results count (one row); 0 before there is a log.
/// - `salvage`: where the record was salvaged from (one row, for people); only where it was.
///
/// The plan's checksum covers its row and the columns of `trial` except the configuration. Each
/// journal row's checksum covers the row, the previous checksum and its result. A piece is verified
/// by the digests in its record.
enum StoreSchema {
  /// Marks a SQLite file as a sweep's store (`PRAGMA application_id`): "BSWP".
  static let applicationID = 0x4253_5750
  /// The version of the tables (`PRAGMA user_version`).
  static let formatVersion = 3

  /// Creates the tables in an empty database.
  static func create(in database: Database) throws {
    try database.execute(
      sql: """
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(formatVersion);

        CREATE TABLE plan (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          name TEXT NOT NULL,
          question TEXT NOT NULL,
          outputs TEXT NOT NULL,
          sweep_text TEXT NOT NULL,
          revision INTEGER NOT NULL,
          identity TEXT NOT NULL,
          checksum INTEGER
        ) STRICT;

        CREATE TABLE trial (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE CHECK (length(id) = 16),
          position INTEGER UNIQUE,
          stage TEXT NOT NULL,
          replicate INTEGER NOT NULL,
          configuration TEXT NOT NULL
        ) STRICT;

        CREATE TABLE journal (
          sequence INTEGER PRIMARY KEY,
          recorded_at_ms INTEGER NOT NULL,
          kind TEXT NOT NULL,
          trial INTEGER REFERENCES trial,
          attempt INTEGER,
          worker TEXT,
          detail TEXT,
          checksum INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE images (
          dataset TEXT PRIMARY KEY,
          sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
        ) STRICT, WITHOUT ROWID;
        """)
    try createResults(in: database)
  }

  /// Creates the tables of results, pieces and the result log.
  static func createResults(in database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE result (
          sequence INTEGER PRIMARY KEY REFERENCES journal,
          trial INTEGER NOT NULL REFERENCES trial,
          build TEXT NOT NULL,
          instruction_set TEXT NOT NULL,
          bytes BLOB NOT NULL,
          discarded INTEGER REFERENCES journal
        ) STRICT;
        CREATE UNIQUE INDEX result_of_trial ON result (trial) WHERE discarded IS NULL;

        CREATE TABLE piece (
          sequence INTEGER PRIMARY KEY REFERENCES journal,
          trial INTEGER NOT NULL REFERENCES trial,
          attempt INTEGER NOT NULL,
          start_sha256 BLOB NOT NULL CHECK (length(start_sha256) = 32),
          end_sha256 BLOB NOT NULL CHECK (length(end_sha256) = 32),
          end_bytes INTEGER NOT NULL,
          payload BLOB NOT NULL
        ) STRICT;
        CREATE INDEX piece_of_trial ON piece (trial);

        CREATE TABLE log (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          committed INTEGER NOT NULL CHECK (committed >= 0),
          sequence INTEGER NOT NULL,
          checksum INTEGER NOT NULL
        ) STRICT;
        """)
    try LogRows.create(in: database)
  }

  /// Creates the table that only a salvaged store has.
  static func createSalvage(in database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE salvage (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          origin TEXT NOT NULL,
          salvaged_at_ms INTEGER NOT NULL,
          outcome TEXT NOT NULL
        ) STRICT;
        """)
  }
}
