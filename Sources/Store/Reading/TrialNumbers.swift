import GRDB
import Trials

/// The numbers that refer to trials in a store's rows, and which of the trials are planned.
///
/// Rows of trials are never deleted, so their numbers are 1, 2, 3, … without a gap.
struct TrialNumbers: Sendable {
  /// The planned trials by identity.
  let planned: TrialIndex
  /// The identity of every trial ever planned, by number, starting with 1.
  private var ids: [TrialID] = []
  /// Each trial's index in the plan; -1 if it is not planned.
  private var places: [Int32] = []
  /// The number of each planned trial, by its index in the plan.
  private var numberAtPlace: [Int32]
  /// The planned trials that others wait for.
  let parents: Set<TrialID>

  /// Reads the numbers of all trials ever planned.
  ///
  /// - Throws: ``Damage`` if a name is invalid, a number is missing, or a planned trial has no row.
  init(of plan: SweepPlan, in database: Database) throws {
    planned = TrialIndex(plan.trials)
    parents = Set(plan.trials.flatMap(\.parents))
    numberAtPlace = Array(repeating: 0, count: plan.trials.count)
    ids.reserveCapacity(plan.trials.count)
    places.reserveCapacity(plan.trials.count)
    let rows = try StoredRows(
      database, sql: "SELECT number, id FROM trial NOT INDEXED ORDER BY number")
    while try rows.next() {
      guard let id = TrialID(utf8: try rows.utf8(1)) else {
        throw Damage("found the trial name \"\(try rows.text(1))\"")
      }
      guard try rows.int(0) == ids.count + 1 else {
        throw Damage("trial number \(ids.count + 1) is missing")
      }
      ids.append(id)
      let place = planned.place(of: id)
      places.append(Int32(place ?? -1))
      if let place { numberAtPlace[place] = Int32(ids.count) }
    }
    for trial in plan.trials {
      guard let place = planned.place(of: trial.id), numberAtPlace[place] > 0 else {
        throw Damage("the planned trial \(trial.id) has no row")
      }
    }
  }

  /// The number of a planned trial.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` when the trial is not planned.
  func number(of trial: TrialID) throws -> Int {
    guard let place = planned.place(of: trial) else {
      throw StoreError.refused(reason: "trial \(trial) is not planned")
    }
    return Int(numberAtPlace[place])
  }

  /// The trial of a number, whether planned or not.
  ///
  /// - Throws: ``Damage`` when there is none.
  func trial(ofNumber number: Int) throws -> TrialID {
    guard number >= 1, number <= ids.count else {
      throw Damage("there is no trial number \(number)")
    }
    return ids[number - 1]
  }

  /// The planned trial of a number; nil when it is not planned.
  ///
  /// - Throws: ``Damage`` when there is none.
  func plannedTrial(ofNumber number: Int) throws -> PlannedTrial? {
    try place(ofNumber: number).map { planned[place: $0] }
  }

  /// The plan index of the trial of a number; nil if it is not planned.
  ///
  /// - Throws: ``Damage`` when there is none.
  func place(ofNumber number: Int) throws -> Int? {
    guard number >= 1, number <= places.count else {
      throw Damage("there is no trial number \(number)")
    }
    return places[number - 1] < 0 ? nil : Int(places[number - 1])
  }

  /// The planned trial of an identity; nil when it is not planned.
  func plannedTrial(_ trial: TrialID) -> PlannedTrial? { planned[trial] }
}
