import Coordination
import GRDB
import Trials

extension JournalRows {
  /// What can be proved of a journal that may be damaged anywhere.
  struct Proof {
    /// A row that its own checksum proves.
    struct Row {
      var sequence: Int
      /// When it was stored, in milliseconds since 1970.
      var milliseconds: Int64
      /// The number of the trial that it is about, if it is about one.
      var number: Int?
      var columns: Columns
    }

    /// The proved rows, in order.
    fileprivate(set) var rows: [Row] = []
    /// How many rows were found, and how many there were at least.
    fileprivate(set) var foundCount = 0
    fileprivate(set) var leastCount = 0
    /// Numbers of the trials whose result a row records, proved or not.
    fileprivate(set) var recorded: Set<Int> = []
  }

  /// Holds every row of a journal against its own checksum.
  ///
  /// It is chained to the checksum of the row before as that is stored, and the row's trial goes
  /// into it by its name: a row proves itself whatever became of the others, and the number of its
  /// trial with it.
  ///
  /// - Parameter candidates: The trials that a number may stand for.
  static func prove(
    in database: Database, candidates: (Int) -> [TrialID]
  ) throws -> Proof {
    var checksums: [Int: Int64] = [:]
    let results = try GRDB.Row.fetchCursor(database, sql: "SELECT trial, checksum FROM result")
    while let row = try results.next() { checksums[try row.value(0)] = try row.value(1) }
    var proof = Proof()
    var previous: (sequence: Int, checksum: Int64) = (0, 0)
    let rows = try GRDB.Row.fetchCursor(database, sql: "SELECT * FROM journal ORDER BY sequence")
    while let row = try rows.next() {
      let (sequence, stored): (Int, Int64) = (try row.value(0), try row.value(7))
      let before = previous
      previous = (sequence, stored)
      proof.foundCount += 1
      proof.leastCount = max(proof.leastCount, sequence)
      guard let kind = Kind(rawValue: try row.value(2)) else { continue }
      let number: Int? = row[3]
      if kind == .resultRecorded, let number { proof.recorded.insert(number) }
      guard before.sequence + 1 == sequence else { continue }
      let milliseconds: Int64 = try row.value(1)
      let result = kind == .resultRecorded ? number.flatMap { checksums[$0] } : nil
      let trials: [TrialID?] = number.map(candidates) ?? [nil]
      for trial in trials {
        let columns = Columns(
          kind: kind, trial: trial, attempt: row[4],
          worker: (row[5] as String?).map(WorkerID.init), detail: row[6])
        guard
          stored
            == columns.checksum(
              sequence: sequence, milliseconds: milliseconds, previous: before.checksum,
              result: result)
        else { continue }
        proof.rows.append(
          Proof.Row(
            sequence: sequence, milliseconds: milliseconds, number: number, columns: columns))
        break
      }
    }
    return proof
  }
}
