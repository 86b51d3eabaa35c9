import Foundation
import Testing
import Trials

@testable import Reports

@Suite("The front of tolerance against open gates")
struct FrontTests {
  /// Narrowing trials, `replicates` of each tolerance.
  static func sweep(tolerances: [Double], replicates: Int = 1) -> SampleSweep {
    SampleSweep(
      outputs: [.figure3],
      trials: tolerances.flatMap { tolerance in
        (0..<replicates).map { replicate in
          PlannedTrial(
            stage: "narrow", replicate: replicate,
            configuration: SampleSweep.configuration(
              latents: 32, tolerance: .value(tolerance), seed: UInt64(replicate)))
        }
      })
  }

  @Test(
    "A point is off the front if another has at most its gates at the same or a smaller tolerance")
  func dominance() {
    var sweep = Self.sweep(tolerances: [30, 3, 10, 12, 20, 25])
    for (index, gates) in [2, 27, 11, 11, 9].enumerated() {
      sweep.complete(index, gatesOpen: [32, gates], mse: 1)
    }
    let series = Front(of: sweep.results).series
    #expect(series.count == 1)
    #expect(series[0].label == "n = 32")
    #expect(series[0].points.compactMap { $0.tolerance?.median } == [3, 10, 12, 20, 25, 30])
    #expect(series[0].points.map(\.isOnFront) == [true, true, false, true, false, true])
    #expect(series[0].front.compactMap { $0.gatesOpen?.median } == [27, 11, 9, 2])
  }

  @Test("Replicates are one point: median, minimum and maximum of the complete ones")
  func replicates() throws {
    var sweep = Self.sweep(tolerances: [3, 10], replicates: 3)
    sweep.complete(0, gatesOpen: [32, 26], mse: 3)
    sweep.complete(2, gatesOpen: [32, 29], mse: 5)
    let point = try #require(Front(of: sweep.results).series.first?.points.first)
    #expect(point.gatesOpen == Spread([26, 29]))
    #expect(point.gatesOpen?.median == 27.5)
    #expect(point.mse == Spread([3, 5]))
    sweep.complete(1, gatesOpen: [32, 20], mse: 4)
    let full = try #require(Front(of: sweep.results).series.first?.points.first)
    #expect(full.gatesOpen?.text { NumberText.compact($0) } == "26 (20–29)")
    #expect(full.tolerance?.text { NumberText.compact($0) } == "3")
  }

  @Test("Replicates of a measured tolerance belong together although their parents differ")
  func measuredReplicates() {
    var trials: [PlannedTrial] = []
    for seed in [UInt64(1), 2] {
      let baseline = PlannedTrial(
        stage: "baseline", replicate: Int(seed) - 1,
        configuration: SampleSweep.configuration(
          tolerance: .value(0), milestones: [.batches(200)], seed: seed))
      trials.append(baseline)
      trials.append(
        PlannedTrial(
          stage: "pruned", replicate: Int(seed) - 1,
          configuration: SampleSweep.configuration(
            latents: 6, tolerance: .measured(ParentMeasurement(trial: baseline.id, output: .mse)),
            seed: seed)))
    }
    let sweep = SampleSweep(outputs: [.figure3], trials: trials)
    let points = GridPoints(of: sweep.results)
    #expect(points.points.map(\.trials.count) == [2, 2])
    #expect(points.point(of: trials[3].id)?.stage == "pruned")
  }

  @Test("Points that differ in more than tolerance are separate series, named by what differs")
  func series() {
    var wide = SampleSweep.configuration(latents: 32, tolerance: .value(3))
    wide.trainer.gateSteepness = 9
    let sweep = SampleSweep(
      outputs: [.figure3],
      trials: [
        PlannedTrial(
          stage: "narrow", replicate: 0,
          configuration: SampleSweep.configuration(latents: 32, tolerance: .value(3))),
        PlannedTrial(stage: "narrow", replicate: 0, configuration: wide),
      ])
    #expect(
      Front(of: sweep.results).series.map(\.label) == [
        "n = 32, gate_steepness = 7", "n = 32, gate_steepness = 9",
      ])
  }

  @Test("Figure 3's table has every point, with marks and the paper's points")
  func table() {
    var sweep = Self.sweep(tolerances: [3, 10])
    sweep.complete(0, gatesOpen: [32, 26], mse: 2.5)
    let table = Figure3Table(of: Front(of: sweep.results), in: sweep.results)
    let ids = sweep.results.trials.map(\.planned.id)
    #expect(
      String(decoding: table.csv, as: UTF8.self) == """
        dataset,images,stage,series,budget,tolerance,replicates,replicates_planned,gates_open,\
        gates_open_min,gates_open_max,mse,mse_min,mse_max,evaluation_mse,evaluation_mse_min,\
        evaluation_mse_max,tolerance_met,on_front,trials
        mnist,,narrow,n = 32,200 batches,3,1,1,26,26,26,2.5,2.5,2.5,2.8125,2.8125,2.8125,true,true,\(ids[0])
        mnist,,narrow,n = 32,200 batches,10,0,1,,,,,,,,,,,false,\(ids[1])

        """)
    // "τ = 3 keeps 27 dimensions, τ = 30 keeps 2" (the paper, on Figure 3).
    #expect(table.published.map(\.tolerance) == [3, 30])
    #expect(table.published.map(\.gatesOpen) == [27, 2])
  }

  @Test("A point that did not keep its tolerance is off the front and does not affect others")
  func unmet() throws {
    var sweep = Self.sweep(tolerances: [3, 10, 12, 30])
    for (index, (gates, mse)) in [(2, 7.5), (1, 1055), (9, 12.9), (4, 33.1)].enumerated() {
      sweep.complete(index, gatesOpen: [32, gates], mse: mse)
    }
    let front = Front(of: sweep.results)
    // 12.9 is within a tenth of τ, where GECO keeps the error; 33.1 of 30 is not.
    #expect(front.series[0].points.map(\.toleranceMet) == [false, false, true, false])
    #expect(front.series[0].points.map(\.isOnFront) == [false, false, true, false])
    let table = String(
      decoding: Figure3Table(of: front, in: sweep.results).csv, as: UTF8.self)
    #expect(table.contains(",1055,1055,1055,1186.875,1186.875,1186.875,false,false,t"))
    #expect(table.contains("narrow,n = 32,200 batches,12,1,1,9,9,9,12.9,"))
    #expect(table.components(separatedBy: ",true,true,t").count == 2)
    let text = FrontTable.text(of: sweep.results)
    #expect(text.contains("\nx         10           1  1055.00         1186.88\n"), "\(text)")
    #expect(text.contains("\n*         12           9    12.90           14.51\n"), "\(text)")
    #expect(text.contains("x its error did not come down to the tolerance"))
  }

  @Test("A trial without a hit has not met its tolerance, however small its error")
  func neverHit() throws {
    var sweep = Self.sweep(tolerances: [10])
    sweep.complete(0, gatesOpen: [32, 32], mse: 10.5)
    var result = try #require(sweep.results.trials[0].result)
    #expect(result.milestones.map(\.toleranceMet) == [true, true])
    for index in result.milestones.indices { result.milestones[index].firstHitStep = nil }
    #expect(result.milestones.map(\.toleranceMet) == [false, false])
    for index in result.milestones.indices { result.milestones[index].tolerance = 0 }
    #expect(result.milestones.map(\.toleranceMet) == [nil, nil])
  }

  @Test("One replicate of several that did not keep the tolerance takes the point off the front")
  func unmetReplicate() {
    var sweep = Self.sweep(tolerances: [3], replicates: 2)
    sweep.complete(0, gatesOpen: [32, 9], mse: 3)
    #expect(Front(of: sweep.results).series[0].points[0].isOnFront)
    sweep.complete(1, gatesOpen: [32, 9], mse: 4)
    #expect(!Front(of: sweep.results).series[0].points[0].isOnFront)
  }

  @Test("No two series of a data set have the same label")
  func labels() throws {
    var trials: [PlannedTrial] = []
    let baselines = [2, 3].map { latents in
      PlannedTrial(
        stage: "baseline", replicate: 0,
        configuration: SampleSweep.configuration(latents: latents, tolerance: .value(0)))
    }
    trials += baselines
    for stage in ["early", "late"] {
      for budgets in [[Budget.batches(100), .batches(200)], [.batches(200)]] {
        trials.append(
          PlannedTrial(
            stage: stage, replicate: 0,
            configuration: SampleSweep.configuration(
              latents: 32, tolerance: .value(3), milestones: budgets)))
      }
    }
    // Their n is measured and not yet known.
    for baseline in baselines {
      var configuration = SampleSweep.configuration(tolerance: .value(3))
      configuration.model.latents = .measured(
        ParentMeasurement(trial: baseline.id, output: .gatesOpen, factor: 2))
      trials.append(PlannedTrial(stage: "early", replicate: 0, configuration: configuration))
    }
    let labels = Front(of: SampleSweep(outputs: [.figure3], trials: trials).results).series
      .map(\.label)
    #expect(labels.count == 6)
    #expect(Set(labels).count == 6, "\(labels)")
    #expect(labels[0] == "n = 32, stage = early, budget = 100 batches and 200 batches")
    #expect(labels[4].hasPrefix("n = 2 * \(baselines[0].id).gates_open, stage = early"))
  }

  @Test("24 series have 24 different marks")
  func marks() {
    let marks = (0..<24).map { "\(Palette.ofSeries($0)) \(Marker.ofSeries($0))" }
    #expect(Set(marks).count == 24)
  }

  @Test("The terminal's table lists tolerance, gates and errors, and says what is missing")
  func terminal() {
    var sweep = Self.sweep(tolerances: [3, 10, 12, 30])
    #expect(FrontTable.text(of: sweep.results) == "No narrowing trial has a result yet.\n")
    for (index, gates) in [27, 9, 9].enumerated() {
      sweep.complete(index, gatesOpen: [32, gates], mse: 2.5 * Double(index + 1))
    }
    #expect(
      FrontTable.text(of: sweep.results) == """
        MNIST, n = 32
           tolerance  gates open   mse  evaluation mse
        *          3          27  2.50            2.81
        *         10           9  5.00            5.62
                  12           9  7.50            8.44
        * no other trial keeps as few gates at as tight a tolerance
        partial: 3 of 4 trials

        """)
  }
}
