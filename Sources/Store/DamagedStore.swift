import Coordination
import Foundation
import GRDB
import Trials

/// A store that may be damaged anywhere, read for what of it can be proved.
///
/// The file is read page by page, so that no page is lost for another's sake, and nothing is
/// written. No connection of this process may have it open.
package struct DamagedStore: Sendable {
  private let queue: DatabaseQueue
  private let path: String

  /// Reads the store in a sweep's directory.
  ///
  /// - Throws: ``StoreError`` when there is none, or nothing of one.
  package init(directory: URL) throws(StoreError) {
    path = StoreFile(directory: directory).path
    let file = try PageFile(path: path)
    do {
      queue = try ScannedRows.database(of: file)
      let isEmpty = try queue.read { database in
        try ["plan", "trial", "journal", "result"].allSatisfy {
          try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") == 0
        }
      }
      guard !isEmpty else {
        throw StoreError.foreign(path: path, found: "no row of a sweep's record")
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// The sweep as planned and the text of its file.
  ///
  /// - Throws: ``StoreError/corrupted(path:found:)`` when they cannot be proved.
  package func plan() throws(StoreError) -> (plan: SweepPlan, sweepText: String) {
    do {
      return try queue.read { try PlanRows.fetch(in: $0) }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// How many of the trials that the store names are in a plan, and how many it names.
  package func overlap(with plan: SweepPlan) throws(StoreError) -> (known: Int, of: Int) {
    let planned = TrialIndex(plan.trials)
    do {
      let names = try queue.read { try Self.namedTrials(in: $0) }.values
      return (names.count { planned.contains($0) }, names.count)
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// Finds out what can be proved.
  ///
  /// A result is proved by the checksum of its rows, and that it is its trial's by one of two: the
  /// journal's row that records it, or its files.
  ///
  /// - Parameters:
  ///   - plan: The sweep.
  ///   - time: When what the journal does not prove is said to have happened.
  ///   - trained: The identity of the configuration, every parameter resolved, that made a result,
  ///     as its files tell; nil when they are missing, damaged or silent.
  ///   - holds: Whether a checkpoint's file is there and sound.
  package func salvage(
    of plan: SweepPlan, at time: Date, trained: (TrialResult) -> TrialID?,
    holds: (TrialCheckpoint) -> Bool
  ) throws(StoreError) -> StoreSalvage {
    do {
      return try queue.read { database in
        let search = TrialSearch(plan, named: try Self.namedTrials(in: database))
        let proof = try JournalRows.prove(in: database, candidates: search.candidates)
        let results = try ResultProofs(
          proof, search: search, trained: trained, in: database)
        return StoreSalvage(plan, proof, results, at: time, holds: holds)
      }
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// The trials whose configurations hash to their names, by number.
  private static func namedTrials(in database: Database) throws -> [Int: TrialID] {
    var named: [Int: TrialID] = [:]
    let rows = try Row.fetchCursor(database, sql: "SELECT number, id, configuration FROM trial")
    while let row = try rows.next() {
      let trial = TrialID(ofCanonicalText: try row.value(2))
      if try row.value(1) == trial.description { named[try row.value(0)] = trial }
    }
    return named
  }
}
