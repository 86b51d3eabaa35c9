import Digests
import Foundation
import GRDB
import Trials

/// The differences between a result log and its database.
package struct ResultLogCheck: Hashable, Sendable {
  /// Problems of the log, each a clause; the database has the missing data.
  package var logProblems: [String] = []
  /// What the log has but the database lacks, each a clause.
  package var databaseProblems: [String] = []
  /// How many valid results are in both, with the same bytes.
  package var resultCount = 0
}

extension SweepReader {
  /// Compares the result log with the database: plan and every valid result.
  ///
  /// - Throws: ``StoreError`` if the database cannot be read. Problems of the log are returned.
  package func resultLogCheck() throws(StoreError) -> ResultLogCheck {
    let stored = try read { database in
      (
        identity: try PlanRows.identity(in: database),
        offset: try LogRows.committedOffset(in: database),
        plan: try LoggedPlan.entries(in: database), results: try Self.digests(in: database)
      )
    }
    var check = ResultLogCheck()
    var log: ResultLogReader
    do {
      log = try ResultLogReader(
        path: StoreLog.path(besideDatabase: path), committedOffset: stored.offset)
    } catch {
      if case .missing = error {
        check.logProblems.append("is missing")
      } else {
        check.logProblems.append("\(error)")
      }
      return check
    }
    if log.identity != stored.identity {
      check.logProblems.append(
        log.identity.map { "found a log of the record \($0), expected \(stored.identity)" }
          ?? "byte 0: found no whole header")
    }
    if log.byteCount < stored.offset {
      check.logProblems.append(
        "found \(log.byteCount) bytes, expected the \(stored.offset) that the database counts on")
    }
    var logged: [TrialID: Digest] = [:]
    var plan: [ResultLogEntry] = []
    while let finding = log.next() {
      switch finding {
      case .damage(let damage): check.logProblems.append("\(damage)")
      case .entry(let entry, _):
        switch entry {
        case .plan: plan = plan.suffix(stored.plan.count - 1) + [entry]
        case .result(let trial, _, _, _, let content), .reuse(let trial, _, _, let content):
          logged[trial] = Digest.of(content)
        case .discard(let trial, _, _): logged[trial] = nil
        case .padding: break
        }
      }
    }
    if plan != stored.plan { check.logProblems.append("its last plan is not the stored one") }
    check.compare(logged, stored.results)
    return check
  }

  /// The digests of the valid results, by trial.
  private static func digests(in database: Database) throws -> [TrialID: Digest] {
    var digests: [TrialID: Digest] = [:]
    let rows = try StoredRows(
      database,
      sql: """
        SELECT trial.id, bytes FROM result JOIN trial ON trial.number = result.trial
        WHERE discarded IS NULL
        """)
    while try rows.next() {
      guard let trial = TrialID(utf8: try rows.utf8(0)) else {
        throw Damage("found the trial name \"\(try rows.text(0))\"")
      }
      digests[trial] = Digest.of(try rows.bytes(1))
    }
    return digests
  }
}

extension ResultLogCheck {
  fileprivate mutating func compare(_ logged: [TrialID: Digest], _ stored: [TrialID: Digest]) {
    let missing = stored.keys.filter { logged[$0] == nil }
    let different = stored.keys.filter { logged[$0] != nil && logged[$0] != stored[$0] }
    let surplus = logged.keys.filter { stored[$0] == nil }
    resultCount = stored.count - missing.count - different.count
    if !missing.isEmpty { logProblems.append("it lacks results of " + Self.words(missing)) }
    if !different.isEmpty {
      logProblems.append("it has other results than the database of " + Self.words(different))
    }
    if !surplus.isEmpty {
      databaseProblems.append(
        "it lacks results that the log has of " + Self.words(surplus))
    }
  }

  /// `3 trials: a, b, c`, naming the first ten.
  private static func words(_ trials: [TrialID]) -> String {
    let names = trials.map(\.description).sorted()
    return "\(names.count) trials: " + names.prefix(10).joined(separator: ", ")
      + (names.count > 10 ? ", …" : "")
  }
}
