import Coordination
import Foundation
import GRDB
import Trials
import Wire

/// Migrates a store of an earlier format in one transaction.
///
/// Plan, identity, times and results stay. Checkpoint records of formats 1 and 2 are dropped, since
/// those checkpoints contain trajectories. Running trials therefore start from step 0.
enum StoreMigration {
  /// Migrates the store of a connection if needed.
  ///
  /// - Throws: ``Damage`` or a `DatabaseError`. The store is then unchanged.
  static func perform(in database: Database) throws {
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard version < StoreSchema.formatVersion else { return }
    if try !database.columns(in: "plan").contains(where: { $0.name == "checksum" }) {
      try database.execute(sql: "ALTER TABLE plan ADD COLUMN checksum INTEGER")
    } else {
      try PlanRows.verify(in: database)
    }
    let numbers = try TrialNumbers(of: try allTrials(in: database), in: database)
    let records = try records(numbers: numbers, in: database)
    try database.execute(
      sql: """
        DROP TABLE IF EXISTS resumption;
        DROP TABLE milestone;
        DROP TABLE artifact;
        DROP TABLE result;
        DELETE FROM journal;
        DELETE FROM images;
        """)
    try StoreSchema.createResults(in: database)
    var remaining = records[...]
    while let first = remaining.first {
      let group = remaining.prefix { $0.time == first.time }
      try JournalRows.append(
        group.map(\.record), at: first.time, numbers: numbers, in: database)
      remaining = remaining.dropFirst(group.count)
    }
    try PlanRows.seal(in: database)
    try database.execute(sql: "PRAGMA user_version = \(StoreSchema.formatVersion)")
  }

  /// The records without those of checkpoints.
  private static func records(
    numbers: TrialNumbers, in database: Database
  ) throws -> [StampedRecord] {
    let results = try FormerResultRows.fetchAll(numbers: numbers, in: database)
    var taken = 0
    func take(sequence: Int, number: Int) throws -> (Int64, ReceivedResult?) {
      guard let stored = results[number] else {
        throw Damage("the result of journal record \(sequence) is missing")
      }
      taken += 1
      return (stored.checksum, stored.result.map { ReceivedResult($0) })
    }
    let records = try JournalRows.fetch(
      numbers: numbers, in: database, leavesOut: { $0 == .checkpointRecorded }, takeResult: take)
    guard taken == results.count else {
      throw Damage("\(results.count) results for \(taken) records of one")
    }
    return records
  }

  /// Every trial that was ever planned, as one plan.
  private static func allTrials(in database: Database) throws -> SweepPlan {
    var trials: [PlannedTrial] = []
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT id, stage, replicate, configuration FROM trial NOT INDEXED ORDER BY number")
    while let row = try rows.next() {
      let name: String = try row.value(0)
      let text: String = try row.value(3)
      let trial = PlannedTrial(
        stage: try row.value(1), replicate: try row.value(2),
        configuration: try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8)))
      guard trial.id.digits == name else {
        throw Damage("the configuration of trial \(name) does not hash to its name")
      }
      trials.append(trial)
    }
    return SweepPlan(name: "", question: "", outputs: [], trials: trials)
  }
}
