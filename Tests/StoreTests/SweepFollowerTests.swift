import Coordination
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

@Suite("A follower of the record")
struct SweepFollowerTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10, 30])

  init() throws { directory = try TemporaryFolder() }

  private func follow() throws -> (follower: SweepFollower, tail: RecordTail) {
    let follower = try SweepFollower(directory: directory.url)
    return (follower, follower.start)
  }

  @Test("Each read returns only new records, and the state equals that of a complete read")
  func news() throws {
    let store = try open(front, in: directory)
    var (follower, tail) = try follow()
    #expect(try follower.look(&tail).records.isEmpty)
    #expect(follower.results.trials.map(\.status) == [.waiting, .waiting, .waiting])
    try store.append([lease(front.trials[0]), lease(front.trials[1], to: workerB)])
    let first = try follower.look(&tail)
    #expect(first.records.map(\.sequence) == [1, 2])
    #expect(first.plan == nil)
    try store.append([recorded(front.trials[0])])
    #expect(try follower.look(&tail).records.map(\.sequence) == [3])
    #expect(try follower.look(&tail).records.isEmpty)
    #expect(follower.sequence == 3)
    #expect(try follower.results == SweepReader.open(directory: directory.url).results())
    #expect(follower.attempts(of: front.trials[0].id).map(\.outcome) == [.recorded])
    #expect(follower.attempts(of: front.trials[1].id).map(\.worker) == [workerB])
    #expect(follower.attempts(of: front.trials[2].id).isEmpty)
    #expect(follower.place(of: front.trials[2].id) == 2)
  }

  @Test("The results follow the record, and each read names the trials that may have changed")
  func results() throws {
    var store: SweepStore? = try open(front, in: directory)
    var tail = ResultsTail(try SweepReader.open(directory: directory.url))
    #expect(try tail.look() == nil)
    try store?.append([lease(front.trials[1]), lease(front.trials[2], to: workerB)])
    #expect(try tail.look() == [1, 2])
    try store?.append([recorded(front.trials[1])])
    #expect(try tail.look() == [1])
    #expect(try tail.look() == [])
    #expect(try tail.results == SweepReader.open(directory: directory.url).results())
    try store?.close()
    store = nil
    let other = plan(tolerances: [10, 100])
    _ = try open(other, in: directory)
    #expect(try tail.look() == nil)
    #expect(tail.results.trials.map(\.status) == [.complete, .waiting])
  }

  @Test("A long record is returned in parts")
  func parts() throws {
    let long = plan(tolerances: (0..<RecordTail.rowCountMaximum).map { Double($0) + 0.5 })
    let store = try open(long, in: directory)
    try store.append(long.trials.map { lease($0) })
    try store.append([recorded(long.trials[0])])
    var (follower, tail) = try follow()
    let first = try follower.look(&tail)
    #expect(first.hasMore)
    #expect(first.records.count == RecordTail.rowCountMaximum)
    let second = try follower.look(&tail)
    #expect(!second.hasMore)
    #expect(second.records.count == 1)
    #expect(follower.results.trials[0].status == .complete)
  }

  @Test("The outcome of a read can be added in pieces")
  func pieces() throws {
    let store = try open(front, in: directory)
    try store.append([
      lease(front.trials[0]), lease(front.trials[1], to: workerB), recorded(front.trials[0]),
    ])
    var whole = try SweepFollower(directory: directory.url)
    var inPieces = whole
    var tail = whole.start
    let news = try tail.look()
    let pieces = news.pieces(of: 2)
    #expect(pieces.map { $0.records.map(\.sequence) } == [[1, 2], [3]])
    #expect(pieces.map { $0.plan != nil } == [true, false])
    #expect(pieces.map(\.hasMore) == [true, false])
    for piece in pieces { inPieces.take(piece) }
    whole.take(news)
    #expect(inPieces.results == whole.results)
    #expect(inPieces.sequence == 3)
    #expect(try tail.look().pieces(of: 2).map(\.records.count) == [0])
  }

  @Test("After a change of the plan, reading starts from the beginning")
  func replanned() throws {
    var store: SweepStore? = try open(front, in: directory)
    try store?.append([lease(front.trials[0]), recorded(front.trials[0])])
    var (follower, tail) = try follow()
    _ = try follower.look(&tail)
    try store?.close()
    store = nil
    let other = plan(tolerances: [3, 100])
    _ = try open(other, in: directory)
    let news = try follower.look(&tail)
    #expect(news.plan?.trials == other.trials)
    #expect(follower.results.trials.map(\.status) == [.complete, .waiting])
  }

  @Test("A damaged row is an error, and after its repair the follower continues")
  func damaged() throws {
    let store = try open(front, in: directory)
    var (follower, tail) = try follow()
    _ = try follower.look(&tail)
    try store.append([lease(front.trials[0])])
    try store.close()
    func set(_ worker: String) throws {
      try DatabaseQueue(path: directory.database.path).write {
        try $0.execute(sql: "UPDATE journal SET worker = ?", arguments: [worker])
      }
    }
    try set("somebody")
    #expect(throws: StoreError.self) { try follower.look(&tail) }
    try set(workerA.rawValue)
    #expect(try follower.look(&tail).plan != nil)
    #expect(follower.results.trials[0].status == .running)
  }
}

extension SweepFollower {
  /// Reads the new records after a position, and adds them to the state.
  fileprivate mutating func look(_ tail: inout RecordTail) throws -> RecordTail.News {
    let news = try tail.look()
    take(news)
    return news
  }
}
