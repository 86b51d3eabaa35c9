import Foundation
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("When gates closed")
struct GateTableTests {
  private static func trajectory(_ gates: [[Double]]) throws -> TrajectoryTable {
    let header = TrajectoryText.fixedColumns + gates[0].indices.map { "gate_\($0)" }
    let rows = gates.enumerated().map { row, gates in
      let open = gates.count { $0 > 0.5 }
      return "\(10 * (row + 1)),1,\(9 - row).5,1,1,0,\(open),1,1,"
        + gates.map(\.description).joined(separator: ",")
    }
    return try TrajectoryTable(
      Data(([header.joined(separator: ",")] + rows).joined(separator: "\n").appending("\n").utf8))
  }

  @Test("always open, closed once, closed again, never open, and closed in the last row")
  func courses() throws {
    let courses = GateCourse.all(
      of: try Self.trajectory([
        [0.9, 0.9, 0.9, 0.1, 0.6], [0.9, 0.5, 0.2, 0.1, 0.6], [0.9, 0.1, 0.7, 0.1, 0.6],
        [0.8, 0.1, 0.3, 0.1, 0.4],
      ]))
    #expect(courses.map(\.gate) == [0, 1, 2, 3, 4])
    #expect(courses.map(\.isOpen) == [true, false, false, false, false])
    #expect(courses.map(\.openProbability) == [0.8, 0.1, 0.3, 0.1, 0.4])
    #expect(courses.map(\.closures) == [0, 1, 2, 0, 1])
    #expect(courses.map(\.lastOpenStep) == [40, 10, 30, nil, 30])
    #expect(courses.map(\.closedStep) == [nil, 20, 40, 10, 40])
    #expect(courses.map(\.closedMSE) == [nil, 8.5, 6.5, 9.5, 6.5])
    #expect(courses.map(\.closedGatesOpen) == [nil, 2, 1, 4, 1])
  }

  @Test("a trajectory without rows has no gates")
  func empty() throws {
    let header = TrajectoryText.fixedColumns.joined(separator: ",") + ",gate_0\n"
    #expect(GateCourse.all(of: try TrajectoryTable(Data(header.utf8))).isEmpty)
  }

  @Test("gates.csv has a row for each gate of each complete narrowing trial, and follows results")
  func table() throws {
    let folder = try TemporaryFolder()
    var sweep = FrontTests.sweep(tolerances: [3, 10])
    sweep.results.plan = SweepPlan(
      name: "front", question: "q", outputs: [.gates], trials: sweep.results.plan.trials)
    sweep.complete(1, gatesOpen: [32, 4], mse: 10)
    var writer = ReportWriter(directory: folder.url, load: sweep.load)
    let outcome = writer.write(sweep.results)
    #expect(outcome.problems.isEmpty)
    #expect(Set(outcome.written).isSuperset(of: ["gates.csv", "gates.json"]))
    func rows() throws -> [[Substring]] {
      try String(contentsOf: folder.url.appending(path: "gates.csv"), encoding: .utf8)
        .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }
    let first = try rows()
    #expect(first.count == 1 + 32)
    #expect(
      first[0].prefix(6).joined(separator: " ") == "trial stage replicate dataset tolerance gate")
    #expect(first.dropFirst().count { $0[6] == "true" } == 4)
    #expect(first.dropFirst().allSatisfy { ($0[6] == "true") == $0[10].isEmpty })
    #expect(Set(first.dropFirst().map { $0[4] }) == ["10"])
    let json = try String(contentsOf: folder.url.appending(path: "gates.json"), encoding: .utf8)
    #expect(json.contains(#""closed_gates_open":"#))

    sweep.complete(0, gatesOpen: [32, 9], mse: 3)
    writer = ReportWriter(directory: folder.url, load: sweep.load)
    _ = writer.write(sweep.results)
    #expect(try rows().count == 1 + 64)
    // The gates of a discarded result are removed.
    sweep.results.trials[1].result = nil
    _ = writer.write(sweep.results)
    #expect(try rows().count == 1 + 32)
    #expect(Set(try rows().dropFirst().map { $0[4] }) == ["3"])
  }
}
