import Foundation
import Testing
import Trials

@testable import Reports

/// Tables and figures of traced trials.
@Suite("Reports of traced trials")
struct TracedReportTests {
  /// A trial at τ = 5, and a trial traced from 5 over 10 to 15, whose second rung was quiet at step
  /// 170.
  private static func sweep(isTraced: Bool = true) throws -> SampleSweep {
    let alone = SampleSweep.configuration(tolerance: .value(5), milestones: [.batches(100)])
    var traced = SampleSweep.configuration(
      tolerance: .value(5), milestones: [.batches(100), .batches(200), .batches(300)])
    traced.trace = ToleranceLadder([5, 10, 15])
    traced.quiet = QuietRule(window: 40)
    let trials = [PlannedTrial(stage: "alone", replicate: 0, configuration: alone)]
    let others = [PlannedTrial(stage: "traced", replicate: 0, configuration: traced)]
    var sweep = SampleSweep(outputs: [.figure3], trials: trials + (isTraced ? others : []))
    sweep.complete(0, gatesOpen: [3], mse: 5)
    guard isTraced else { return sweep }
    sweep.complete(1, gatesOpen: [3, 2, 1], mse: 5)
    var result = try #require(sweep.results.trials[1].result)
    for (index, step) in [100, 170, 270].enumerated() {
      result.milestones[index].tolerance = [5, 10, 15][index]
      result.milestones[index].step = step
      let ending: ReportEnding = index == 1 ? .quiet : .budget
      result.milestones[index].ending = ending.with(isFinal: index == 2)
    }
    result.milestones[1].sinceStep = 110
    sweep.results.trials[1].result = result
    return sweep
  }

  /// The values of some columns; labels of series, in quotation marks, have commas.
  private func rows(_ data: Data, _ columns: [String]) throws -> [String] {
    let text = String(decoding: data, as: UTF8.self).replacing(/"[^"]*"/, with: "label")
    let table = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let places = try columns.map { name in try #require(table[0].firstIndex { $0 == name }) }
    return table.dropFirst().map { row in places.map { row[$0] }.joined(separator: "|") }
  }

  @Test("trials.csv has a row for each rung, with its own tolerance")
  func trialsTable() throws {
    let tables = WholeTables(of: try Self.sweep().results)
    #expect(
      try rows(tables.csv, ["tolerance", "budget", "step", "gates_open", "ending", "traced"]) == [
        "5|100 batches|100|3||", "5|100 batches|100|3|budget|up",
        "10|200 batches|170|2|quiet|up", "15|300 batches|270|1|budget|up",
      ])
    let json = String(decoding: tables.json, as: UTF8.self)
    #expect(json.contains(#""trace":[5,10,15]"#))
    #expect(json.contains(#""budget":"200 batches""#) && json.contains(#""tolerance":10"#))
  }

  @Test("each rung is a point of a series that is called traced, beside independent runs")
  func figure() throws {
    let results = try Self.sweep().results
    let front = Front(of: results)
    #expect(
      front.series.map(\.label) == [
        "n = 3, stage = alone, budget = 100 batches",
        "n = 3, traced, stage = traced, rungs = 5 10 15, "
          + "budget = 100 batches a tolerance, quiet by windows of 40",
      ])
    #expect(front.series.map { $0.points.map { $0.tolerance?.median } } == [[5], [5, 10, 15]])
    #expect(front.series[1].points.map { $0.gatesOpen?.median } == [3, 2, 1])
    #expect(front.series[1].front.count == 3)
    let table = Figure3Table(of: front, in: results)
    #expect(
      try rows(table.csv, ["tolerance", "budget", "gates_open", "endings", "end_step", "traced"])
        == [
          "5|100 batches|3|||", "5|100 batches|3|budget|100|up", "10|200 batches|2|quiet|170|up",
          "15|300 batches|1|budget|270|up",
        ])
    #expect(String(decoding: table.json, as: UTF8.self).contains(#""traced":"up""#))
    let drawing = Figure3Drawing(front: front, samples: [:], name: "s", banner: nil)
    let svg = String(decoding: drawing.svg, as: UTF8.self)
    #expect(svg.contains("n = 3, traced, stage = traced"))
    #expect(svg.contains("traced: several tolerances in one run, each for at most 100 batches"))
    #expect(FrontTable.text(of: results).contains("MNIST, n = 3, traced, stage"))
    // Its reconstructions are those of the last tolerance.
    let traced = Front(series: [front.series[1]])
    #expect(
      Figure3Drawing.chosenPoints(of: traced, dataset: .mnist).map { $0.tolerance?.median } == [15])
  }

  @Test("Figure 1 for LaTeX has each tolerance where it applied, and one entry in the legend")
  func figure1Source() throws {
    let trial = try Self.sweep().results.trials[1]
    let trajectory = SampleSweep.trajectory(
      latents: 3, open: 1, mse: 5, lastStep: 270, count: 5)
    let source = Figure1Source(
      trial: trial, trajectory: try TrajectoryTable(trajectory), banner: nil,
      counts: ImageCounts(), file: "figure1")
    let tex = String(decoding: source.tex, as: UTF8.self)
    #expect(tex.contains("one traced run, $\\tau$ = 5, 10, 15"))
    #expect(
      tex.contains(
        #"""
        \addplot[sweep1, dashed, forget plot] coordinates {(1,5) (100,5)};
        \addplot[sweep1, dashed, forget plot] coordinates {(100,10) (170,10)};
        \addplot[sweep1, dashed] coordinates {(170,15) (270,15)};
        \addlegendentry{$\tau$}
        """#))
  }

  @Test("downwards is said, too")
  func downwards() throws {
    var configuration = SampleSweep.configuration(
      tolerance: .value(15), milestones: [.batches(100), .batches(200)])
    configuration.trace = ToleranceLadder([15, 5])
    let sweep = SampleSweep(
      outputs: [.figure3],
      trials: [PlannedTrial(stage: "main", replicate: 0, configuration: configuration)])
    let front = Front(of: sweep.results)
    #expect(front.series.map(\.label) == ["n = 3, traced downwards"])
    #expect(front.series[0].points.map { $0.tolerance?.median } == [5, 15])
    #expect(front.series[0].points.map(\.gridPoint.rung) == [1, 0])
  }

  @Test("a sweep without traced trials has no columns for them")
  func untraced() throws {
    let results = try Self.sweep(isTraced: false).results
    let records = WholeTables(of: results)
    let figure = Figure3Table(of: Front(of: results), in: results)
    let drawing = Figure3Drawing(front: Front(of: results), samples: [:], name: "s", banner: nil)
    for data in [records.csv, records.json, figure.csv, figure.json, drawing.svg] {
      #expect(!String(decoding: data, as: UTF8.self).contains("trace"))
    }
  }
}
