import Coordination
import Foundation
import Trials

/// Follows a sweep's record from beside its coordinator: what was added since the last look, and
/// what is known after it.
///
/// Reads through a connection of its own that cannot write, a bounded part at a time. Only one
/// thread at a time may use it.
package struct SweepFollower: Sendable {
  private var tail: RecordTail
  private var fold = ResultsFold(
    plan: SweepPlan(name: "", question: "", outputs: [], trials: []))
  private var log = AttemptLog()
  private var attemptsOfTrial: [TrialID: [Int]] = [:]
  /// The host that each worker said that it runs on.
  package private(set) var hosts: [WorkerID: String] = [:]

  /// A follower that has seen nothing yet.
  ///
  /// - Throws: ``StoreError`` when there is no record, or it is damaged, foreign or newer.
  package init(directory: URL) throws(StoreError) {
    tail = RecordTail(try SweepReader.open(directory: directory))
  }

  /// All that is known of the sweep as of the last look.
  package var results: SweepResults { fold.results }

  /// The number of the last record taken in; 0 before the first.
  package private(set) var sequence = 0

  /// The reader that it follows the record through, for what a look does not bring.
  package var reader: SweepReader { tail.reader }

  /// Where it begins to follow the record, for who looks apart and has it ``take(_:)`` the news.
  package var start: RecordTail { tail }

  /// Where a trial is in the plan; nil when it is not planned.
  package func place(of trial: TrialID) -> Int? { fold.place(of: trial) }

  /// The attempts at a trial so far, in the order in which they were handed out.
  package func attempts(of trial: TrialID) -> [AttemptRecord] {
    (attemptsOfTrial[trial] ?? []).map { log.attempts[$0] }
  }

  /// Reads what is new and takes it in.
  ///
  /// - Throws: ``StoreError`` when the record cannot be read or contradicts its checksums; the next
  ///   look then begins anew.
  package mutating func look() throws(StoreError) -> RecordTail.News {
    let news = try tail.look()
    take(news)
    return news
  }

  /// Takes in what a look has brought.
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
