import Foundation
import GRDB
import Trials

/// The sweep's plan as rows of `plan` and `trial`.
enum PlanRows {
  /// Stores the plan of a new sweep, or replaces an older one; rows of trials that are no longer
  /// planned stay.
  static func store(_ plan: SweepPlan, sweepText: String, in database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO plan VALUES (1, ?, ?, ?, ?, 1, lower(hex(randomblob(8))))
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, question = excluded.question,
          outputs = excluded.outputs, sweep_text = excluded.sweep_text, revision = revision + 1
        """,
      arguments: [plan.name, plan.question, CanonicalJSON.text(plan.outputs), sweepText])
    try database.execute(sql: "UPDATE trial SET position = NULL")
    let known = try Set(String.fetchAll(database, sql: "SELECT id FROM trial"))
    let update = try database.makeStatement(
      sql: "UPDATE trial SET position = ?, stage = ?, replicate = ? WHERE id = ?")
    let insert = try database.makeStatement(
      sql: """
        INSERT INTO trial (id, position, stage, replicate, configuration) VALUES (?, ?, ?, ?, ?)
        """)
    for (position, trial) in plan.trials.enumerated() {
      let name = trial.id.description
      if known.contains(name) {
        try update.execute(arguments: [position, trial.stage, trial.replicate, name])
      } else {
        try insert.execute(arguments: [
          name, position, trial.stage, trial.replicate, trial.configuration.canonicalText,
        ])
      }
    }
  }

  /// The name of the stored sweep.
  static func name(in database: Database) throws -> String {
    guard let name = try String.fetchOne(database, sql: "SELECT name FROM plan") else {
      throw Damage("the plan is missing")
    }
    return name
  }

  /// What was drawn for the store when it was made.
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
      database, sql: "SELECT id FROM trial WHERE position IS NOT NULL ORDER BY position")
    while let name = try names.next() {
      guard let trial = TrialID(name) else { throw Damage("found the trial name \"\(name)\"") }
      storedIDs.insert(trial)
      if !planned.contains(trial) { orphaned.append(trial) }
    }
    return PlanChange(
      keptCount: storedIDs.count - orphaned.count,
      added: plan.trials.map(\.id).filter { !storedIDs.contains($0) }, orphaned: orphaned)
  }

  /// Whether the stored plan is exactly this one: same words, same trials, same order.
  static func matches(
    _ plan: SweepPlan, sweepText: String, in database: Database
  ) throws -> Bool {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text FROM plan"),
      row[0] == plan.name, row[1] == plan.question,
      row[2] == CanonicalJSON.text(plan.outputs), row[3] == sweepText
    else { return false }
    var remaining = plan.trials[...]
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT id, stage, replicate FROM trial WHERE position IS NOT NULL ORDER BY position
        """)
    while let row = try rows.next() {
      guard let trial = remaining.popFirst(), row[0] == trial.id.description,
        row[1] == trial.stage, row[2] == trial.replicate
      else { return false }
    }
    return remaining.isEmpty
  }

  /// Reads the stored plan and the text of its sweep file.
  ///
  /// - Throws: ``Damage`` when a trial's configuration does not hash to its name.
  static func fetch(in database: Database) throws -> (plan: SweepPlan, sweepText: String) {
    guard
      let row = try Row.fetchOne(
        database, sql: "SELECT name, question, outputs, sweep_text FROM plan")
    else { throw Damage("the plan is missing") }
    let outputs = try CanonicalJSON.decode(
      [SweepOutput].self, from: Data((row[2] as String).utf8))
    var trials: [PlannedTrial] = []
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT id, stage, replicate, configuration FROM trial
        WHERE position IS NOT NULL ORDER BY position
        """)
    while let row = try rows.next() {
      let name: String = row[0]
      let text: String = row[3]
      let trial = PlannedTrial(
        stage: row[1], replicate: row[2],
        configuration: try CanonicalJSON.decode(
          TrialConfiguration.self, from: Data(text.utf8)))
      guard trial.id.description == name else {
        throw Damage("the configuration of trial \(name) does not hash to its name")
      }
      trials.append(trial)
    }
    let plan = SweepPlan(name: row[0], question: row[1], outputs: outputs, trials: trials)
    return (plan, row[3])
  }

  /// A number that grows whenever the stored plan changes.
  static func revision(in database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT revision FROM plan") ?? 0
  }
}
