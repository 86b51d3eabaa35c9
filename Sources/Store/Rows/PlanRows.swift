import Foundation
import GRDB
import Trials

/// The sweep's plan as rows of `plan` and `trial`.
///
/// Rows of `trial` are read without an index (`NOT INDEXED`), so that a damaged index cannot hide
/// rows from the checksum.
enum PlanRows {
  /// Stores the plan of a new sweep, or replaces an older one; keeps rows of trials that are no
  /// longer planned.
  static func store(_ plan: SweepPlan, sweepText: String, in database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO plan VALUES (1, ?, ?, ?, ?, 1, lower(hex(randomblob(8))), NULL)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, question = excluded.question,
          outputs = excluded.outputs, sweep_text = excluded.sweep_text, revision = revision + 1
        """,
      arguments: [plan.name, plan.question, CanonicalJSON.text(plan.outputs), sweepText])
    try database.execute(sql: "UPDATE trial SET position = NULL")
    let known = try Set(String.fetchAll(database, sql: "SELECT id FROM trial NOT INDEXED"))
    let update = try database.makeStatement(
      sql: "UPDATE trial SET position = ?, stage = ?, replicate = ? WHERE id = ?")
    let insert = try database.makeStatement(
      sql: """
        INSERT INTO trial (id, position, stage, replicate, configuration) VALUES (?, ?, ?, ?, ?)
        """)
    for (position, trial) in plan.trials.enumerated() {
      let name = trial.id.digits
      if known.contains(name) {
        try update.execute(arguments: [position, trial.stage, trial.replicate, name])
      } else {
        try insert.execute(arguments: [
          name, position, trial.stage, trial.replicate, trial.configuration.canonicalText,
        ])
      }
    }
    try seal(in: database)
  }

  /// Stores the checksum of the current plan.
  static func seal(in database: Database) throws {
    try database.execute(
      sql: "UPDATE plan SET checksum = ?", arguments: [try checksum(in: database)])
  }

  /// Verifies the plan's checksum.
  ///
  /// - Throws: ``Damage`` if it does not match.
  static func verify(in database: Database) throws {
    guard try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 >= 2 else { return }
    let stored = try Int64.fetchOne(database, sql: "SELECT checksum FROM plan")
    guard stored == (try checksum(in: database)) else {
      throw Damage("the plan contradicts its checksum")
    }
  }

  /// The checksum of the plan; configurations are verified by their trials' names instead.
  private static func checksum(in database: Database) throws -> Int64 {
    guard
      let plan = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text, revision, identity FROM plan")
    else { throw Damage("the plan is missing") }
    var checksum = Checksum()
    for index in 0..<4 { checksum.add(try plan.value(index) as String) }
    checksum.add(try plan.value(4) as Int64)
    checksum.add(try plan.value(5) as String)
    let trials = try StoredRows(
      database, sql: "SELECT number, id, position, stage, replicate FROM trial ORDER BY number")
    while try trials.next() {
      checksum.add(Int64(try trials.int(0)))
      checksum.add(text: try trials.utf8(1))
      checksum.add(try trials.optionalInt(2))
      checksum.add(text: try trials.utf8(3))
      checksum.add(Int64(try trials.int(4)))
    }
    return checksum.value
  }

  /// The name of the stored sweep.
  static func name(in database: Database) throws -> String {
    guard let name = try String.fetchOne(database, sql: "SELECT name FROM plan") else {
      throw Damage("the plan is missing")
    }
    return name
  }

  /// The text of the sweep file that the stored plan came from.
  static func sweepText(in database: Database) throws -> String {
    guard let text = try String.fetchOne(database, sql: "SELECT sweep_text FROM plan") else {
      throw Damage("the plan is missing")
    }
    return text
  }

  /// The random identity of the store.
  static func identity(in database: Database) throws -> String {
    guard let identity = try String.fetchOne(database, sql: "SELECT identity FROM plan") else {
      throw Damage("the plan is missing")
    }
    return identity
  }

  /// How a plan differs from the stored one.
  static func change(to plan: SweepPlan, in database: Database) throws -> PlanChange {
    var orphaned: [TrialID] = []
    var storedIDs: Set<TrialID> = []
    let planned = Set(plan.trials.map(\.id))
    let names = try String.fetchCursor(
      database,
      sql: """
        SELECT id FROM trial NOT INDEXED WHERE position IS NOT NULL ORDER BY position
        """)
    while let name = try names.next() {
      guard let trial = TrialID(name) else { throw Damage("found the trial name \"\(name)\"") }
      storedIDs.insert(trial)
      if !planned.contains(trial) { orphaned.append(trial) }
    }
    return PlanChange(
      keptCount: storedIDs.count - orphaned.count,
      added: plan.trials.map(\.id).filter { !storedIDs.contains($0) }, orphaned: orphaned)
  }

  /// Whether the stored plan equals this one: same text, same trials, same order.
  static func matches(
    _ plan: SweepPlan, sweepText: String, in database: Database
  ) throws -> Bool {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text FROM plan"),
      try row.value(0) == plan.name, try row.value(1) == plan.question,
      try row.value(2) == CanonicalJSON.text(plan.outputs), try row.value(3) == sweepText
    else { return false }
    var place = 0
    let rows = try StoredRows(
      database,
      sql: """
        SELECT id, stage, replicate FROM trial NOT INDEXED WHERE position IS NOT NULL ORDER BY position
        """)
    while try rows.next() {
      guard place < plan.trials.count, TrialID(utf8: try rows.utf8(0)) == plan.trials[place].id,
        plan.trials[place].stage.utf8.elementsEqual(try rows.utf8(1)),
        try rows.int(2) == plan.trials[place].replicate
      else { return false }
      place += 1
    }
    return place == plan.trials.count
  }

  /// Reads the stored plan and the text of its sweep file.
  ///
  /// - Throws: ``Damage`` when a trial's configuration does not hash to its name.
  static func fetch(in database: Database) throws -> (plan: SweepPlan, sweepText: String) {
    try verify(in: database)
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text FROM plan")
    else { throw Damage("the plan is missing") }
    let outputs = try CanonicalJSON.decode(
      [SweepOutput].self, from: Data((try row.value(2) as String).utf8))
    var trials: [PlannedTrial] = []
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT id, stage, replicate, configuration FROM trial NOT INDEXED
        WHERE position IS NOT NULL ORDER BY position
        """)
    while let row = try rows.next() {
      let name: String = try row.value(0)
      let text: String = try row.value(3)
      let trial = PlannedTrial(
        stage: try row.value(1), replicate: try row.value(2),
        configuration: try CanonicalJSON.decode(
          TrialConfiguration.self, from: Data(text.utf8)))
      guard trial.id.digits == name else {
        throw Damage("the configuration of trial \(name) does not hash to its name")
      }
      trials.append(trial)
    }
    let plan = SweepPlan(
      name: try row.value(0), question: try row.value(1), outputs: outputs, trials: trials)
    return (plan, try row.value(3))
  }

  /// A number that grows whenever the stored plan changes.
  static func revision(in database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT revision FROM plan") ?? 0
  }
}
