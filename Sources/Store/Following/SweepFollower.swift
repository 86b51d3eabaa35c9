import Coordination
import Foundation
import Trials

/// The state of a sweep in another process than its coordinator.
///
/// The caller reads the record, from ``start`` on, and passes what is new to ``take(_:)``.
package struct SweepFollower: Sendable {
  /// A position before the first record.
  package let start: RecordTail
  private var fold = ResultsFold(
    plan: SweepPlan(name: "", question: "", outputs: [], trials: []))
  private var log = AttemptLog()
  private var attemptsOfTrial: [TrialID: [Int]] = [:]
  /// The announced host of each worker.
  package private(set) var hosts: [WorkerID: String] = [:]

  /// A follower before the first record.
  ///
  /// - Throws: ``StoreError`` when there is no record, or it is damaged, foreign or newer.
  package init(directory: URL) throws(StoreError) {
    start = RecordTail(try SweepReader.open(directory: directory))
  }

  /// The state of the sweep after the last records that were taken.
  package var results: SweepResults { fold.results }

  /// The number of the last record in the state; 0 before the first.
  package private(set) var sequence = 0

  /// The underlying reader, for other queries.
  package var reader: SweepReader { start.reader }

  /// A trial's index in the plan; nil if it is not planned.
  package func place(of trial: TrialID) -> Int? { fold.place(of: trial) }

  /// The attempts at a trial so far, in the order of their leases.
  package func attempts(of trial: TrialID) -> [AttemptRecord] {
    (attemptsOfTrial[trial] ?? []).map { log.attempts[$0] }
  }

  /// Adds the outcome of a read to the state.
  package mutating func take(_ news: RecordTail.News) {
    if let plan = news.plan {
      fold = ResultsFold(plan: plan)
      log = AttemptLog()
      attemptsOfTrial = [:]
      hosts = [:]
    }
    for stamped in news.records { note(stamped) }
    sequence = news.sequence
  }

  private mutating func note(_ stamped: StampedRecord) {
    if case .workerIntroduced(let worker, let host) = stamped.record { hosts[worker] = host }
    let count = log.attempts.count
    log.note(stamped)
    if log.attempts.count > count {
      attemptsOfTrial[log.attempts[count].trial, default: []].append(count)
    }
    fold.note(stamped.record)
  }
}
