import Coordination
import Foundation
import Trials

/// What of a damaged store can be proved and goes together: the records of a new one.
package struct StoreSalvage: Sendable {
  /// A result of which there are traces, but that cannot be proved.
  package struct Loss: Hashable, Sendable {
    package var trial: TrialID
    /// Why it cannot, a clause.
    package var reason: String
  }

  /// The sweep.
  package let plan: SweepPlan
  /// What a new store holds: a journal that can have happened.
  package private(set) var records: [StampedRecord] = []
  /// The results among them.
  package private(set) var results: [TrialID: TrialResult] = [:]
  /// The results that are lost, in the plan's order.
  package private(set) var lost: [Loss] = []
  /// How many traces of results are there of which not even the trial is known.
  package let namelessCount: Int
  /// How many results are there of trials that are not planned; they are left behind.
  package let unplannedCount: Int
  /// How many records the journal had at least.
  package let leastRecordCount: Int
  /// How many of them its checksums prove.
  package let provedRecordCount: Int

  /// A worker of which nothing is known.
  private static let unknownWorker = WorkerID("unknown")

  /// Puts together what goes together.
  ///
  /// A checkpoint that is not there is left out. Records keep their order and their times; those
  /// that make no sense without a lost one are left out, such as the end of an attempt whose
  /// beginning is lost. A result whose record is lost goes before the first that needs it, or to the
  /// end.
  init(
    _ plan: SweepPlan, _ journal: JournalRows.Proof, _ proofs: ResultProofs, at time: Date,
    holds: (TrialCheckpoint) -> Bool
  ) {
    self.plan = plan
    namelessCount = proofs.namelessCount
    unplannedCount = proofs.unplannedCount
    leastRecordCount = journal.leastCount
    provedRecordCount = journal.rows.count

    var writer = Writer(plan)
    var pinned: Set<Dataset> = []
    for row in journal.rows where row.columns.kind == .imagesPinned {
      if case .imagesPinned(let dataset, _)? = row.record(result: nil) { pinned.insert(dataset) }
    }
    for trial in plan.trials.map(\.id) {
      guard let found = proofs.found[trial] else { continue }
      let provenance = found.result.provenance
      if pinned.insert(provenance.configuration.dataset).inserted {
        writer.write(
          .imagesPinned(dataset: provenance.configuration.dataset, digest: provenance.images),
          at: time)
      }
      guard !found.isJournaled else { continue }
      writer.unplaced[trial] = StampedRecord(
        sequence: 0, time: time,
        record: .resultRecorded(
          trial: trial, attempt: 1, worker: Self.unknownWorker, result: found.result))
    }
    for row in journal.rows {
      let trial = row.columns.trial
      guard let record = row.record(result: trial.flatMap { proofs.found[$0]?.result }),
        trial.map(writer.isPlanned) ?? true
      else { continue }
      if case .checkpointRecorded(_, _, let checkpoint) = record, !holds(checkpoint) { continue }
      if let trial { writer.placeParents(of: trial) }
      writer.write(record, at: row.time)
    }
    for trial in plan.trials { writer.place(trial.id) }

    records = writer.records
    results = writer.results
    for trial in plan.trials where results[trial.id] == nil {
      if let reason = proofs.lost[trial.id] {
        lost.append(Loss(trial: trial.id, reason: reason))
      } else if proofs.found[trial.id] != nil {
        lost.append(
          Loss(
            trial: trial.id, reason: "it was made with the result of another trial, which is lost"))
      }
    }
  }

  /// Writes a journal that can have happened.
  private struct Writer {
    private(set) var records: [StampedRecord] = []
    private(set) var results: [TrialID: TrialResult] = [:]
    /// Results whose place in the journal is lost.
    var unplaced: [TrialID: StampedRecord] = [:]
    private let trials: TrialIndex
    private var coordinator: Coordinator

    init(_ plan: SweepPlan) {
      trials = TrialIndex(plan.trials)
      coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    }

    func isPlanned(_ trial: TrialID) -> Bool { trials.contains(trial) }

    /// Writes a record, unless it contradicts those before it.
    mutating func write(_ record: JournalRecord, at time: Date) {
      guard (try? coordinator.replay(record)) != nil else { return }
      records.append(StampedRecord(sequence: records.count + 1, time: time, record: record))
      if case .resultRecorded(let trial, _, _, let result) = record { results[trial] = result }
    }

    /// Writes a trial's result if its place is lost, after those of its parents.
    mutating func place(_ trial: TrialID) {
      guard let stamped = unplaced.removeValue(forKey: trial) else { return }
      placeParents(of: trial)
      write(stamped.record, at: stamped.time)
    }

    mutating func placeParents(of trial: TrialID) {
      for parent in trials[trial]?.parents ?? [] { place(parent) }
    }
  }
}

extension JournalRows.Proof.Row {
  /// When it was stored.
  var time: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

  /// The record that it tells of; nil when its result is lost, or it is none of this release.
  func record(result: TrialResult?) -> JournalRecord? {
    try? JournalRows.record(of: columns, sequence: sequence, result: result)
  }
}
