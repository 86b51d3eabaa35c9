import Coordination
import Digests
import Foundation
import GRDB
import TestSupport
import Testing
import Trials

@testable import Store

/// Stores that the last build before format 3 wrote; `Former/README.md` has the commands.
@Suite("Stores of an earlier format")
struct FormerStoreTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  /// A file of the former build: a store or an output.
  private func former(_ name: String, _ ending: String) throws -> URL {
    try #require(
      Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Former"))
  }

  private func take(_ name: String) throws {
    try FileManager.default.copyItem(at: former(name, "sqlite"), to: directory.database)
  }

  /// Converts the database to format 1, which had neither resumptions nor a plan checksum.
  private func makeFirstFormat() throws {
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    try queue.write {
      try $0.execute(
        sql: """
          DROP TABLE resumption;
          ALTER TABLE plan DROP COLUMN checksum;
          PRAGMA user_version = 1;
          """)
    }
    try queue.close()
  }

  /// The rows of the former build's `trials.csv`, by column.
  private func table() throws -> [[String: String]] {
    let lines = try String(contentsOf: former("trials", "csv"), encoding: .utf8)
      .split(separator: "\n")
    let names = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return lines.dropFirst().map { line in
      let values = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(names, values))
    }
  }

  @Test("Plan, identity, times and every number of the results stay", arguments: [1, 2])
  func complete(version: Int) throws {
    try take("complete")
    if version == 1 { try makeFirstFormat() }
    let reader = try SweepReader.open(directory: directory.url)
    let results = try reader.results()
    #expect(results.trials.map(\.status) == [.complete, .complete, .complete])
    let reports = results.trials.flatMap { $0.result?.milestones ?? [] }
    let rows = try table()
    try #require(reports.count == rows.count)
    for (report, row) in zip(reports, rows) {
      #expect(report.budget.description == row["budget"])
      #expect("\(report.step)" == row["step"])
      #expect("\(report.mse)" == row["mse"])
      #expect("\(report.evaluationMSE)" == row["evaluation_mse"])
      #expect("\(report.gatesOpen)" == row["gates_open"])
    }
    #expect(reports.map(\.ending) == [.budget, .goesOn, .budget, .budget])
    #expect(try reader.history().map(\.sequence) == Array(1...8))
    try expectLogWhole(in: directory)
    let check = try reader.resultLogCheck()
    #expect(check.resultCount == 3)

    let store = try SweepStore.open(
      directory: directory.url, plan: try reader.plan(), sweepText: try reader.sweepText())
    #expect(store.change.isEmpty)
    #expect(!store.isLogRewritten)
    #expect(try store.identity() == "439ea3913db91911")
    let trial = results.trials[2].planned.id
    try store.append([.resultDiscarded(trial: trial, reason: "to see it go on")])
    #expect(try store.journal().count == 9)
    try expectLogWhole(in: directory)
  }

  @Test(
    "Checkpoints that contain a trajectory are dropped, so their trials start from step 0",
    arguments: [1, 2])
  func interrupted(version: Int) throws {
    try take("interrupted")
    if version == 1 { try makeFirstFormat() }
    let reader = try SweepReader.open(directory: directory.url)
    let plan = try reader.plan()
    let store = try SweepStore.open(
      directory: directory.url, plan: plan, sweepText: try reader.sweepText())
    #expect(try store.identity() == "327ccc610065f834")
    let journal = try store.journal()
    #expect(journal.count == 6)
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    for record in journal { try coordinator.replay(record) }
    #expect(coordinator.counts.complete == 1)
    #expect(coordinator.counts.waiting == 2)
    let records = journal.filter { if case .checkpointRecorded = $0 { true } else { false } }
    #expect(records.isEmpty)
    try store.append([
      .trialLeased(trial: plan.trials[1].id, attempt: 2, worker: workerA)
    ])
    try expectLogWhole(in: directory)
  }

  @Test("A store that contradicts itself is not migrated, and is unchanged")
  func damaged() throws {
    try take("complete")
    let queue = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    try queue.write { try $0.execute(sql: "UPDATE milestone SET mse = mse * 2 WHERE trial = 2") }
    try queue.close()
    guard case .corrupted = storeError({ _ = try SweepReader.open(directory: directory.url) })
    else {
      Issue.record("not refused")
      return
    }
    let again = try DatabaseQueue(path: directory.database.path(percentEncoded: false))
    #expect(try again.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 2)
    #expect(!FileManager.default.fileExists(atPath: directory.logPath))
  }
}
