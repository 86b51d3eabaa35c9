import Coordination
import Foundation
import Trials

/// Follows a sweep's record in another process than its coordinator: the new records, and the
/// resulting state.
///
/// Uses a separate read-only connection and reads a bounded number of rows at a time. Only one
/// thread at a time may use it.
package struct SweepFollower: Sendable {
  private var tail: RecordTail
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
    tail = RecordTail(try SweepReader.open(directory: directory))
  }

  /// The state of the sweep as of the last read.
  package var results: SweepResults { fold.results }

  /// The number of the last record in the state; 0 before the first.
  package private(set) var sequence = 0

  /// The underlying reader, for other queries.
  package var reader: SweepReader { tail.reader }

  /// A position before the first record, for a caller that reads the record itself and passes what
  /// is new to ``take(_:)``.
  package var start: RecordTail { tail }

  /// A trial's index in the plan; nil if it is not planned.
  package func place(of trial: TrialID) -> Int? { fold.place(of: trial) }

  /// The attempts at a trial so far, in the order of their leases.
  package func attempts(of trial: TrialID) -> [AttemptRecord] {
    (attemptsOfTrial[trial] ?? []).map { log.attempts[$0] }
  }

  /// Reads the new records and adds them to the state.
  ///
  /// - Throws: ``StoreError`` if the record cannot be read or contradicts its checksums. The next
  ///   read then starts from the beginning.
  package mutating func look() throws(StoreError) -> RecordTail.News {
    let news = try tail.look()
    take(news)
    return news
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
