import Foundation
import Testing
import Trials

@testable import Reports

/// Comparison of two fronts.
@Suite("Comparing fronts")
struct FrontComparisonTests {
  /// A sweep with these gates at tolerances; a list for each replicate, -1 for a trial without
  /// result.
  private static func sweep(
    _ gates: [Double: [Int]], latents: Int = 32, momentum: Double? = nil
  ) -> SweepResults {
    let points = gates.sorted { $0.key < $1.key }
    var sweep = SampleSweep(
      outputs: [.figure3],
      trials: points.flatMap { tolerance, gates in
        gates.indices.map { replicate in
          var configuration = SampleSweep.configuration(
            latents: latents, tolerance: .value(tolerance), seed: UInt64(replicate))
          if let momentum { configuration.trainer.batchNormMomentum = momentum }
          return PlannedTrial(stage: "main", replicate: replicate, configuration: configuration)
        }
      })
    let all = points.flatMap { point in point.value.map { (point.key, $0) } }
    for (index, (tolerance, open)) in all.enumerated() where open >= 0 {
      sweep.complete(index, gatesOpen: [latents, open], mse: tolerance)
    }
    return sweep.results
  }

  @Test("a staircase keeps its gates until a larger tolerance with fewer")
  func staircase() throws {
    let staircase = try #require(FrontStaircase([(10, 6), (2, 9), (4, 9), (5, 11), (20, 1)]))
    #expect(staircase.range == 2...20)
    #expect(staircase.gates(at: 1.9) == nil)
    #expect([2, 5, 9.99, 10, 19, 99].map { staircase.gates(at: $0) } == [9, 9, 9, 6, 6, 1])
    // 8 of 9 gates, 10 of 6.
    #expect(staircase.mean(over: 2...20) == 132.0 / 18)
    #expect(staircase.mean(over: 4...10) == 9)
    #expect(staircase.mean(over: 10...10) == 6)
    #expect(staircase.mean(over: 1...10) == nil)
    #expect(FrontStaircase([]) == nil)
  }

  @Test(
    "the mean is over tolerances that both have kept; the winner has fewer gates in every replicate"
  )
  func winner() throws {
    let comparison = FrontComparison(
      Self.sweep([2: [9, 9], 4: [7, 8], 8: [3, 3], 16: [1, 1]]),
      Self.sweep([3: [12, 10], 4: [10, 10], 8: [6, 5]], momentum: 0.5))
    let pair = try #require(comparison.pairs.first)
    #expect(comparison.pairs.count == 1)
    #expect([pair.fromTolerance, pair.toTolerance] == [3, 8])
    // One of 9 gates and four of 7 or 8; one of 12 or 10 and four of 10.
    #expect(pair.meanGatesA == Spread([37.0 / 5, 41.0 / 5]))
    #expect(pair.meanGatesB == Spread([52.0 / 5, 50.0 / 5]))
    #expect(pair.areaA == Spread([37, 41]))
    #expect(pair.areaB == Spread([52, 50]))
    #expect(pair.winner == "a")
    #expect(pair.isBeyondSpread == true)
    #expect(pair.rows.map(\.tolerance) == [2, 3, 4, 8, 16])
    #expect(pair.rows.map(\.gatesB?.median) == [nil, 11, 10, 5.5, nil])
    #expect(pair.rows.map(\.winner) == [nil, "a", "a", "a", nil])
    #expect(pair.labelA != pair.labelB)
    #expect(pair.labelB.contains("0.5"))
    #expect(comparison.unpaired.isEmpty)
    let text = comparison.text
    #expect(text.contains("A  front, 8 of 8 trials complete\n"))
    #expect(
      text.contains(
        "mean over tolerances 3 to 8: A 7.8 (7.4–8.2), B 10.2 (10–10.4): A keeps fewer gates, in "
          + "every replicate"))
    #expect(
      text.contains(
        "area under the front over tolerances 3 to 8: A 39 (37–41), B 51 (50–52) gates × τ"))
    #expect(text.contains("10 (10–12)") == false)
    #expect(text.contains("11 (10–12)"))
  }

  @Test("the area of a series is over the tolerances that each of its replicates has kept")
  func area() throws {
    var results = Self.sweep([2: [9, 9], 4: [7, 8], 8: [3, 3], 16: [1, 1]])
    let whole = try #require(FrontArea(of: Front(of: results).series[0]))
    #expect([whole.fromTolerance, whole.toTolerance] == [2, 16])
    // 2 × 9 + 4 × 7 + 8 × 3, and 2 × 9 + 4 × 8 + 8 × 3.
    #expect(whole.area == Spread([70, 74]))
    #expect(whole.meanGates == Spread([5, 74.0 / 14]))
    // The second replicate has not kept its loosest tolerance.
    results.trials[7].result?.milestones[1].mse = 400
    let part = try #require(FrontArea(of: Front(of: results).series[0]))
    #expect([part.fromTolerance, part.toTolerance] == [2, 8])
    #expect(part.area == Spread([46, 50]))
    #expect(FrontArea(of: Front(of: Self.sweep([2: [9]])).series[0]) == nil)
    let table = Figure3Table(of: Front(of: results), in: results)
    #expect(String(decoding: table.json, as: UTF8.self).contains(#""areas":[{"area":{"count":2,"#))
  }

  @Test("without enough replicates no difference is claimed")
  func chance() throws {
    let one = Self.sweep([2: [9], 4: [7]])
    func verdict(_ other: SweepResults) -> String { FrontComparison(one, other).text }
    #expect(verdict(one).contains("A 9, B 9: no difference"))
    #expect(
      verdict(Self.sweep([2: [8], 4: [7]])).contains(
        "B keeps fewer gates, but without replicates of both, chance is not told from a difference")
    )
    let two = Self.sweep([2: [9, 6], 4: [7, 5]])
    #expect(
      FrontComparison(two, Self.sweep([2: [8, 5], 4: [7, 5]])).text.contains(
        "B keeps fewer gates, but the replicates' ranges overlap"))
    #expect(
      verdict(Self.sweep([5: [6], 9: [2]])).contains(
        "no tolerance that lies within what both have kept"))
  }

  @Test("trials without a result or a kept tolerance are ignored")
  func unmet() throws {
    var missed = Self.sweep([2: [9], 4: [1]])
    missed.trials[1].result?.milestones[1].mse = 40
    let comparison = FrontComparison(missed, Self.sweep([2: [8], 4: [-1]]))
    let pair = try #require(comparison.pairs.first)
    #expect([pair.fromTolerance, pair.toTolerance] == [2, 2])
    #expect(pair.meanGatesA == Spread([9]))
    #expect(pair.rows.map(\.gatesA) == [Spread([9]), nil])
    #expect(comparison.text.contains("B  front, 1 of 2 trials complete"))
  }

  @Test("series are paired by settings, else by n, else by data set; the rest is listed")
  func pairs() {
    let ten = Self.sweep([2: [9]], latents: 10)
    #expect(FrontComparison(ten, Self.sweep([2: [9]], latents: 12)).pairs.count == 1)
    let empty = FrontComparison(ten, Self.sweep([2: [-1]], latents: 10))
    #expect(empty.pairs.isEmpty)
    #expect(empty.text.contains("Nothing to compare"))
    #expect(empty.unpaired.count == 2)
    // Two series of one sweep, one with the other's n and settings.
    var both = SweepResults(
      plan: ten.plan, trials: ten.trials + Self.sweep([2: [7]], latents: 12).trials)
    let comparison = FrontComparison(both, ten)
    #expect(comparison.pairs.map(\.labelA) == ["n = 10", "n = 12"])
    let reverse = FrontComparison(ten, both)
    #expect(reverse.pairs.map(\.labelB) == ["n = 10"])
    #expect(reverse.unpaired == ["B: MNIST, n = 12"])
    both.trials = []
    #expect(FrontComparison(both, ten).pairs.isEmpty)
  }

  @Test("the figure has both, with their letters, and says what is partial")
  func figure() {
    let svg = String(
      decoding: FrontComparison.svg(
        Self.sweep([2: [9], 4: [7]]), Self.sweep([2: [8], 4: [-1]])), as: UTF8.self)
    #expect(svg.contains("A: n = 32"))
    #expect(svg.contains("B: n = 32"))
    #expect(svg.contains("B partial: 1 of 2 trials"))
  }
}
