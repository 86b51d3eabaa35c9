import GRDB
import Trials

/// The numbers by which a store's rows refer to trials, and which of the trials are planned.
struct TrialNumbers: Sendable {
  private var idOfNumber: [Int: TrialID] = [:]
  private var numberOfID: [TrialID: Int] = [:]
  private let planned: TrialIndex
  /// The texts of versions that results were stored with.
  let versions = VersionTexts()

  /// Reads the numbers of all trials ever planned.
  ///
  /// - Throws: ``Damage`` when a name is none, or a planned trial has no row.
  init(of plan: SweepPlan, in database: Database) throws {
    planned = TrialIndex(plan.trials)
    idOfNumber.reserveCapacity(plan.trials.count)
    numberOfID.reserveCapacity(plan.trials.count)
    let rows = try Row.fetchCursor(database, sql: "SELECT number, id FROM trial NOT INDEXED")
    while let row = try rows.next() {
      let name: String = try row.value(1)
      guard let id = TrialID(name) else {
        throw Damage("found the trial name \"\(name)\"")
      }
      let number: Int = try row.value(0)
      idOfNumber[number] = id
      numberOfID[id] = number
    }
    for trial in plan.trials where numberOfID[trial.id] == nil {
      throw Damage("the planned trial \(trial.id) has no row")
    }
  }

  /// The number of a planned trial.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` when the trial is not planned.
  func number(of trial: TrialID) throws -> Int {
    guard planned.contains(trial), let number = numberOfID[trial] else {
      throw StoreError.refused(reason: "trial \(trial) is not planned")
    }
    return number
  }

  /// The trial of a number, whether planned or not.
  ///
  /// - Throws: ``Damage`` when there is none.
  func trial(ofNumber number: Int) throws -> TrialID {
    guard let id = idOfNumber[number] else { throw Damage("there is no trial number \(number)") }
    return id
  }

  /// The planned trial of an identity; nil when it is not planned.
  func plannedTrial(_ trial: TrialID) -> PlannedTrial? { planned[trial] }
}
