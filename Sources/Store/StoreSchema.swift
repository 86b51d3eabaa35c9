import GRDB

/// The tables of a sweep's store.
///
/// - `plan`: the sweep as planned (one row), the text of its file, and the identity drawn for
///   this store when it was made.
/// - `trial`: every trial ever planned, in canonical text, whose hash is its name `id`; `position`
///   is its place in the plan, null when it is no longer planned. The other tables refer to it by
///   `number`: numbers follow the plan, as work does, so that a commit touches few pages.
/// - `journal`: what happened, in order; the truth that the coordinator's state is replayed from.
/// - `result`, `milestone`, `artifact`, `resumption`: the one result of a trial. That there is only
///   one is the schema's business: the trial is the primary key.
/// - `images`: the one image archive that the trials of a data set train on.
/// - `salvage`: where the record was salvaged from (one row, for people); only where it was.
///
/// The plan's checksum covers its row and what the rows of `trial` say besides the configuration.
/// Each journal row's checksum covers the row and the checksum before it, each result's checksum
/// covers its rows in all four tables.
enum StoreSchema {
  /// Marks a SQLite file as a sweep's store (`PRAGMA application_id`): "BSWP".
  static let applicationID = 0x4253_5750
  /// The version of the tables (`PRAGMA user_version`).
  static let formatVersion = 2

  /// Makes the tables in an empty database.
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

        CREATE TABLE result (
          trial INTEGER PRIMARY KEY REFERENCES trial,
          configuration TEXT,
          tolerance REAL NOT NULL,
          latents INTEGER NOT NULL,
          images_sha256 BLOB NOT NULL CHECK (length(images_sha256) = 32),
          host TEXT NOT NULL,
          processor TEXT NOT NULL,
          instruction_set TEXT NOT NULL,
          versions TEXT NOT NULL,
          started TEXT NOT NULL,
          seconds REAL NOT NULL,
          processor_seconds REAL NOT NULL,
          steps INTEGER NOT NULL,
          second_pass_share REAL NOT NULL,
          peak_resident_bytes INTEGER NOT NULL,
          checksum INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE milestone (
          trial INTEGER NOT NULL REFERENCES result,
          position INTEGER NOT NULL,
          budget TEXT NOT NULL,
          step INTEGER NOT NULL,
          gates_open INTEGER NOT NULL,
          mse REAL NOT NULL,
          evaluation_mse REAL NOT NULL,
          first_hit_step INTEGER,
          multiplier REAL NOT NULL,
          open_probabilities BLOB NOT NULL,
          PRIMARY KEY (trial, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE artifact (
          trial INTEGER NOT NULL REFERENCES result,
          position INTEGER NOT NULL,
          kind TEXT NOT NULL,
          sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
          bytes INTEGER NOT NULL,
          PRIMARY KEY (trial, position)
        ) STRICT, WITHOUT ROWID;
        """)
    try createResumptions(in: database)
  }

  /// Brings a store of an earlier format up to date; its rows stay as they are.
  static func upgrade(_ database: Database) throws {
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard version < formatVersion else { return }
    if try !hasResumptions(database) { try createResumptions(in: database) }
    if try !database.columns(in: "plan").contains(where: { $0.name == "checksum" }) {
      try database.execute(sql: "ALTER TABLE plan ADD COLUMN checksum INTEGER")
    }
    try PlanRows.seal(in: database)
    try database.execute(sql: "PRAGMA user_version = \(formatVersion)")
  }

  /// Whether a store has the table, which format 1 did not.
  static func hasResumptions(_ database: Database) throws -> Bool {
    try database.tableExists("resumption")
  }

  private static func createResumptions(in database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE resumption (
          trial INTEGER NOT NULL REFERENCES result,
          position INTEGER NOT NULL,
          step INTEGER NOT NULL,
          host TEXT NOT NULL,
          instruction_set TEXT NOT NULL,
          PRIMARY KEY (trial, position)
        ) STRICT, WITHOUT ROWID;
        """)
  }

  /// Makes the table that only a salvaged store has.
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
