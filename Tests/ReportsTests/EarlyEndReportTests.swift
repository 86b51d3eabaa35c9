import Foundation
import Testing
import Trials

@testable import Reports

/// Tables and figures of trials that end before their last milestone.
@Suite("Reports of early ends")
struct EarlyEndReportTests {
  private static let milestones: [Budget] = [.batches(100), .batches(200), .batches(400)]

  /// Trials at τ = 5 (quiet at 150), 10 (at its limit) and 15 (not started).
  private static func sweep(rule: QuietRule? = QuietRule(window: 40)) -> SampleSweep {
    let trials = [5.0, 10, 15].map { tolerance in
      var configuration = SampleSweep.configuration(
        tolerance: .value(tolerance), milestones: milestones)
      configuration.quiet = rule
      return PlannedTrial(stage: "main", replicate: 0, configuration: configuration)
    }
    var sweep = SampleSweep(outputs: [.figure3], trials: trials)
    sweep.complete(0, gatesOpen: [3, 2, 2], mse: 5)
    sweep.complete(1, gatesOpen: [3, 2, 1], mse: 10)
    return sweep
  }

  private static func ended() -> SampleSweep {
    var sweep = sweep()
    guard var result = sweep.results.trials[0].result else { return sweep }
    result.milestones.remove(at: 1)
    result.milestones[1].step = 150
    result.milestones[1].ending = .oscillating
    result.milestones[1].sinceStep = 60
    result.milestones[1].alternatingGates = [1]
    sweep.results.trials[0].result = result
    return sweep
  }

  private func lines(_ data: Data) -> [[Substring]] {
    String(decoding: data, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  @Test("trials.csv has the ending of each milestone, also of those after the end")
  func trialsTable() throws {
    let table = lines(WholeTables(of: Self.ended().results).csv)
    let columns = ["budget", "step", "ending", "since_step", "open_gates", "alternating_gates"]
    let places = try columns.map { name in try #require(table[0].firstIndex { $0 == name }) }
    let rows = table.dropFirst().map { row in places.map { row[$0] }.joined(separator: "|") }
    #expect(
      rows == [
        "100 batches|100|goes-on||0 1 2|", "200 batches||ended-before|||",
        "400 batches|150|oscillating|60|0 1|1",
        "100 batches|100|goes-on||0 1 2|", "200 batches|200|goes-on||0 1|",
        "400 batches|400|budget||0|",
        "100 batches|||||", "200 batches|||||", "400 batches|||||",
      ])
    let json = String(decoding: WholeTables(of: Self.ended().results).json, as: UTF8.self)
    #expect(json.contains(#""alternating_gates":[1]"#))
    #expect(json.contains(#""quiet":{"window":40}"#))
  }

  @Test("without a rule there are no columns for it")
  func withoutRule() {
    let results = Self.sweep(rule: nil).results
    let records = WholeTables(of: results)
    let figure = Figure3Table(of: Front(of: results), in: results)
    for data in [records.csv, records.json, figure.csv, figure.json] {
      let text = String(decoding: data, as: UTF8.self)
      for word in ["ending", "since_step", "quiet", "end_step", "alternating"] {
        #expect(!text.contains(word), "\(word)")
      }
    }
  }

  @Test("figure3.csv has the step and the word of each end")
  func figureTable() throws {
    let results = Self.ended().results
    let table = lines(Figure3Table(of: Front(of: results), in: results).csv)
    let columns = ["tolerance", "gates_open", "endings", "end_step"]
    let places = try columns.map { name in try #require(table[0].firstIndex { $0 == name }) }
    let rows = table.dropFirst().map { row in places.map { row[$0] }.joined(separator: "|") }
    #expect(rows == ["5|2|oscillating|150", "10|1|budget|400", "15|||"])
  }

  @Test("a grid point's milestone beyond the end shows the end")
  func gridPoint() {
    let points = GridPoints(of: Self.ended().results).points
    let open = { (report: MilestoneReport) in Double(report.gatesOpen) }
    #expect(points[0].spread(at: .batches(100), open)?.median == 3)
    #expect(points[0].spread(at: .batches(200), open)?.median == 2)
    #expect(
      Self.milestones.map(points[0].endedBefore) == [false, true, true])
    #expect(Self.milestones.map(points[1].endedBefore) == [false, false, false])
    #expect(points.map(\.endings) == [["oscillating"], ["budget"], []])
  }

  @Test("Figure 3 says how many replicates of a point reached the limit, unless all did")
  func mixedEndings() {
    let trials = (0..<2).map { replicate in
      var configuration = SampleSweep.configuration(
        tolerance: .value(5), milestones: [.batches(400)], seed: UInt64(replicate))
      configuration.quiet = QuietRule(window: 40)
      return PlannedTrial(stage: "main", replicate: replicate, configuration: configuration)
    }
    var sweep = SampleSweep(outputs: [.figure3], trials: trials)
    for index in 0..<2 { sweep.complete(index, gatesOpen: [2], mse: 5) }
    func drawing() -> String {
      let front = Front(of: sweep.results)
      return String(
        decoding: Figure3Drawing(front: front, samples: [:], name: "s", banner: nil).svg,
        as: UTF8.self)
    }
    #expect(drawing().contains(">at the limit</text>"))
    sweep.results.trials[0].result?.milestones[0].ending = .quiet
    #expect(drawing().contains(">1 of 2 at the limit</text>"))
  }
}
