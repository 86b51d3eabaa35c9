import GRDB
import Trials

/// The results in a damaged store that are proved to be what was stored, and to be their trials'.
struct ResultProofs {
  /// A result that is proved.
  struct Found {
    var result: TrialResult
    /// Whether the journal's row that records it is proved as well; otherwise its files speak for
    /// it.
    var isJournaled: Bool
  }

  /// What is proved of planned trials.
  private(set) var found: [TrialID: Found] = [:]
  /// Planned trials of whose result there are traces only, and what is wrong.
  private(set) var lost: [TrialID: String] = [:]
  /// How many traces of results are there of which not even the trial is known.
  private(set) var namelessCount = 0
  /// How many results are there of trials that are not planned.
  private(set) var unplannedCount = 0

  /// Looks at every trace of a result, among rows of results and of the journal.
  init(
    _ journal: JournalRows.Proof, search: TrialSearch, trained: (TrialResult) -> TrialID?,
    in database: Database
  ) throws {
    var journaled: [Int: TrialID] = [:]
    for row in journal.rows where row.columns.kind == .resultRecorded {
      if let number = row.number { journaled[number] = row.columns.trial }
    }
    let stored = try Int.fetchSet(database, sql: "SELECT trial FROM result")
    for number in stored.union(journal.recorded).sorted() {
      if let trial = journaled[number] {
        add(number, of: trial, search, database)
      } else {
        find(number, search, trained: trained, database)
      }
    }
    // A damaged row may have borne the number of a trial whose result is sound.
    for trial in found.keys { lost[trial] = nil }
  }

  /// Adds a result that the journal says is a trial's.
  private mutating func add(
    _ number: Int, of trial: TrialID, _ search: TrialSearch, _ database: Database
  ) {
    guard let planned = search.trials[trial] else {
      unplannedCount += 1
      return
    }
    if let result = try? ResultRows.fetch(ofNumber: number, planned: planned, in: database) {
      found[trial] = Found(result: result, isJournaled: true)
    } else {
      lost[trial] = "its rows are damaged"
    }
  }

  /// Adds a result that the journal says nothing of, if its files say whose it is.
  private mutating func find(
    _ number: Int, _ search: TrialSearch, trained: (TrialResult) -> TrialID?, _ database: Database
  ) {
    let candidates = search.candidates(for: number)
    let planned = candidates.compactMap { search.trials[$0] }
    if !candidates.isEmpty, planned.isEmpty {
      unplannedCount += 1
      return
    }
    let readable = planned.compactMap { trial in
      (try? ResultRows.fetch(ofNumber: number, planned: trial, in: database)).map { (trial, $0) }
    }
    let ran = readable.first.flatMap { trained($0.1) }
    for (trial, result) in readable
    where result.provenance.configuration.id == ran && found[trial.id] == nil {
      found[trial.id] = Found(result: result, isJournaled: false)
      return
    }
    guard candidates.count == 1, let trial = planned.first else {
      namelessCount += 1
      return
    }
    lost[trial.id] =
      readable.isEmpty
      ? "its rows are damaged"
      : "the journal's record of it is damaged, and no model of the trial is there to prove it"
  }
}
