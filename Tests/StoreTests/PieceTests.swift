import Coordination
import Digests
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

@Suite("Reports and pieces before a trial's end")
struct PieceTests {
  let directory: TemporaryFolder
  let front = plan(tolerances: [3, 10])
  var trial: PlannedTrial { front.trials[0] }

  init() throws { directory = try TemporaryFolder() }

  private func extended(_ start: String, _ text: String, attempt: Int = 1) -> JournalRecord {
    .trajectoryExtended(trial: trial.id, attempt: attempt, piece: piece(after: start, text))
  }

  private func assembled(
    _ store: SweepStore, _ text: String, attempt: Int = 1
  ) throws -> TrajectoryAssembly? {
    try store.trajectory(of: trial.id, prefix(text), attempt: attempt)
  }

  private func text(_ assembly: TrajectoryAssembly?) -> String? {
    assembly.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  @Test("Pieces are assembled to the file, also after a restart; if one is missing, there is none")
  func assembly() throws {
    do {
      let store = try open(front, in: directory)
      try store.append([lease(trial), extended("", "a\n")])
      try store.append([extended("a\n", "b\n"), extended("a\nb\n", "c\n")])
      try store.close()
    }
    let store = try open(front, in: directory)
    #expect(text(try assembled(store, "a\nb\nc\n")) == "a\nb\nc\n")
    #expect(text(try assembled(store, "a\nb\n")) == "a\nb\n")
    #expect(text(try assembled(store, "")) == "")
    #expect(try assembled(store, "a\nb\nc\nd\n") == nil)
    #expect(try assembled(store, "b\n") == nil)
    let reader = try SweepReader.open(directory: directory.url)
    #expect(
      try reader.trajectories(of: [trial.id, front.trials[1].id]).mapValues {
        String(decoding: $0, as: UTF8.self)
      } == [trial.id: "a\nb\nc\n"])
  }

  @Test("An attempt that resumes from an older checkpoint starts a branch; each ends in its file")
  func branches() throws {
    let store = try open(front, in: directory)
    try store.append([
      lease(trial), extended("", "a\n"), extended("a\n", "b\n"), extended("a\nb\n", "c\n"),
      extended("a\n", "B\n", attempt: 2), extended("a\nB\n", "C\n", attempt: 2),
    ])
    let first = try assembled(store, "a\nb\nc\n")
    #expect(text(first) == "a\nb\nc\n")
    #expect(first?.contradictedAt == nil)
    let second = try assembled(store, "a\nB\nC\n", attempt: 2)
    #expect(text(second) == "a\nB\nC\n")
    #expect(second?.contradictedAt == nil)
    #expect(try assembled(store, "a\nb\nC\n") == nil)
  }

  @Test("A contradiction between file and pieces is reported, with the byte")
  func contradiction() throws {
    let store = try open(front, in: directory)
    try store.append([
      lease(trial), extended("", "a\n"), extended("a\n", "b\n"),
      extended("a\n", "B\n", attempt: 2), extended("a\nB\n", "C\n", attempt: 2),
    ])
    #expect(try assembled(store, "a\nb\n", attempt: 2)?.contradictedAt == 4)
    #expect(try assembled(store, "a\nB\nC\n", attempt: 1)?.contradictedAt == 4)
    #expect(try assembled(store, "a\n", attempt: 1)?.contradictedAt == 4)
    #expect(try assembled(store, "a\nB\nC\n", attempt: 2)?.contradictedAt == nil)
  }

  @Test("A damaged piece gives no file")
  func rottenPiece() throws {
    let store = try open(front, in: directory)
    try store.append([lease(trial), extended("", "a\n"), extended("a\n", "b\n")])
    try store.queue.write {
      try $0.execute(sql: "UPDATE piece SET payload = x'610B' WHERE sequence = 2")
    }
    #expect(try assembled(store, "a\nb\n") == nil)
  }

  @Test("The bytes are deleted with the result, and with void attempts")
  func bytesGo() throws {
    let store = try open(front, in: directory)
    func count() throws -> Int? {
      try store.queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM piece") }
    }
    try store.append([lease(trial), extended("", "a\n"), extended("a\n", "b\n")])
    #expect(try count() == 2)
    try store.append([.attemptsVoided(trial: trial.id, reason: "bad memory")])
    #expect(try count() == 0)
    try store.append([extended("", "a\n", attempt: 2)])
    #expect(try count() == 1)
    try store.append([recorded(trial, attempt: 2)])
    #expect(try count() == 0)
  }

  @Test("Reports are shown at once, and disappear with the result or with void attempts")
  func reports() throws {
    let store = try open(front, in: directory)
    let reports = result(of: trial).milestones
    func report(_ index: Int) -> JournalRecord {
      .reportRecorded(
        trial: trial.id, attempt: 1, worker: workerA, instructionSet: "avx2", index: index,
        report: reports[index])
    }
    let reader = try SweepReader.open(directory: directory.url)
    try store.append([lease(trial), report(0)])
    #expect(try reader.results().trials[0].reports == [0: reports[0]])
    try store.append([report(1)])
    #expect(try reader.results().trials[0].reports == [0: reports[0], 1: reports[1]])
    #expect(try store.journal() == [lease(trial), report(0), report(1)])
    try store.append([recorded(trial)])
    #expect(try reader.results().trials[0].reports == [:])
  }
}
