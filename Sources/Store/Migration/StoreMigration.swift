import Coordination
import Foundation
import GRDB
import Trials
import Wire

/// Migrates a store of an earlier format in one transaction.
///
/// Plan, identity, times and results stay. Checkpoint records of formats 1 and 2 are dropped, since
/// those checkpoints contain trajectories. Running trials therefore start from step 0.
///
/// Earlier releases recorded results that cannot be their trials', such as 5,000 open gates of 8.
/// They are discarded with the reason, and with them what was computed from them, so that these
/// trials are computed again. One such result does not cost the others.
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
    let plan = try allTrials(in: database)
    let numbers = try TrialNumbers(of: plan, in: database)
    var defects: [TrialID: String] = [:]
    let records = try records(numbers: numbers, defects: &defects, in: database)
    let discards = try discards(defects, in: plan, after: records.map(\.record))
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
    try JournalRows.append(discards, at: Date(), numbers: numbers, in: database)
    try PlanRows.seal(in: database)
    try database.execute(sql: "PRAGMA user_version = \(StoreSchema.formatVersion)")
  }

  /// The records without those of checkpoints.
  ///
  /// A time that no clock gives becomes that of the record before it. Records of attempts whose
  /// numbers are out of bounds are left out; a result stays, since others may depend on it, until
  /// it is discarded.
  ///
  /// - Parameter defects: Gets why the results of trials cannot be theirs.
  private static func records(
    numbers: TrialNumbers, defects: inout [TrialID: String], in database: Database
  ) throws -> [StampedRecord] {
    let results = try FormerResultRows.fetchAll(numbers: numbers, in: database)
    var taken = 0
    func take(sequence: Int, number: Int) throws -> (Int64, ReceivedResult?) {
      guard let stored = results[number] else {
        throw Damage("the result of journal record \(sequence) is missing")
      }
      taken += 1
      if let defect = stored.defect { defects[try numbers.trial(ofNumber: number)] = defect }
      return (stored.checksum, stored.result)
    }
    var lastTime: Int64 = 0
    var attempts: [TrialID: Int] = [:]
    func admits(
      _ columns: inout JournalRows.Columns, _ milliseconds: inout Int64, _ sequence: Int
    ) -> Bool {
      if !JournalRows.timeRange.contains(milliseconds) { milliseconds = lastTime }
      lastTime = milliseconds
      guard let trial = columns.trial, let attempt = columns.attempt else {
        return columns.kind != .checkpointRecorded
      }
      if JournalRows.attemptRange.contains(attempt) {
        attempts[trial] = attempt
        return columns.kind != .checkpointRecorded
      }
      guard columns.kind == .resultRecorded else { return false }
      defects[trial] = "journal record \(sequence) \(JournalRows.badAttempt(attempt))"
      columns.attempt = attempts[trial] ?? 1
      return true
    }
    let records = try JournalRows.fetch(
      numbers: numbers, in: database, admits: admits, takeResult: take)
    guard taken == results.count else {
      throw Damage("\(results.count) results for \(taken) records of one")
    }
    return records
  }

  /// The records with which a coordinator discards defective results, and all that were computed
  /// from them.
  ///
  /// - Throws: ``Damage`` if the records contradict each other.
  private static func discards(
    _ defects: [TrialID: String], in plan: SweepPlan, after records: [JournalRecord]
  ) throws -> [JournalRecord] {
    guard !defects.isEmpty else { return [] }
    var known: Set<TrialID> = []
    for trial in plan.trials {
      guard trial.parents.allSatisfy(known.contains) else {
        throw Damage("trial \(trial.id) comes before one that it waits for")
      }
      known.insert(trial.id)
    }
    var settings = CoordinationSettings()
    settings.failureLimit = nil
    // A coordinator ignores requests once its sweep has ended. With a waiting trial that nobody
    // runs, it never ends.
    let waiting = PlannedTrial(
      stage: "", replicate: 0,
      configuration: TrialConfiguration(
        dataset: .mnist, model: ModelSettings(channels: [], latents: .value(1)),
        tolerance: .value(0), milestones: [], seed: 0))
    var coordinator = Coordinator(plan: plan.trials + [waiting], settings: settings)
    do throws(JournalContradiction) {
      for record in records { try coordinator.replay(record) }
    } catch {
      throw Damage("\(error)")
    }
    let start = Instant(sinceStart: .zero)
    var effects = coordinator.resume(at: start)
    // Children before parents: the reason of each is its own, where it has one.
    for trial in plan.trials.reversed() {
      guard let defect = defects[trial.id] else { continue }
      let reason = "an earlier release recorded what cannot be this trial's result: \(defect)"
      effects += coordinator.handle(
        .discardRequested(trials: [trial.id], reason: reason), at: start)
    }
    return effects.compactMap { effect -> JournalRecord? in
      guard case .append(let record) = effect else { return nil }
      return record
    }
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
