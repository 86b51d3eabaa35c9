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

  @Test("A point is beaten by fewer or equal gates at a tolerance as tight or tighter")
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

  @Test("Replicates are one point: median, least and most of those that are complete")
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
            latents: 6, tolerance: .measured(Measurement(trial: baseline.id, output: .mse)),
            seed: seed)))
    }
    let sweep = SampleSweep(outputs: [.figure3], trials: trials)
    let points = GridPoints(of: sweep.results)
    #expect(points.points.map(\.trials.count) == [2, 2])
    #expect(points.point(of: trials[3].id)?.stage == "pruned")
  }

  @Test("Points that differ in more than tolerance are series of their own, named by what differs")
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

  @Test("Figure 3's table has every point, marked and with the paper's beside")
  func table() {
    var sweep = Self.sweep(tolerances: [3, 10])
    sweep.complete(0, gatesOpen: [32, 26], mse: 2.5)
    let table = Figure3Table(of: Front(of: sweep.results), in: sweep.results)
    let ids = sweep.results.trials.map(\.planned.id)
    #expect(
      String(decoding: table.csv, as: UTF8.self) == """
        dataset,images,stage,series,budget,tolerance,replicates,replicates_planned,gates_open,\
        gates_open_min,gates_open_max,mse,mse_min,mse_max,evaluation_mse,evaluation_mse_min,\
        evaluation_mse_max,on_front,trials
        mnist,,narrow,n = 32,200 batches,3,1,1,26,26,26,2.5,2.5,2.5,2.8125,2.8125,2.8125,true,\(ids[0])
        mnist,,narrow,n = 32,200 batches,10,0,1,,,,,,,,,,false,\(ids[1])

        """)
    // "τ = 3 keeps 27 dimensions, τ = 30 keeps 2" (the paper, on Figure 3).
    #expect(table.published.map(\.tolerance) == [3, 30])
    #expect(table.published.map(\.gatesOpen) == [27, 2])
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
