import Testing
import Trials

@testable import Sweeps

@Suite("Axes span the grid")
struct GridTests {
  private let head = "sweep: grid\ndataset: mnist\nlatents: 5\nbudget: 100 batches\n"

  @Test("every combination once, the first axis slowest")
  func product() throws {
    let plan = try plan(
      "sweep: grid\ndataset: mnist\nbudget: 1 epoch\n"
        + "axes: {tolerance: [3, 10], latents: [5, 6, 7]}")
    #expect(
      plan.configurations.map { "\($0.tolerance) \($0.model.latents)" } == [
        "value(3.0) value(5)", "value(3.0) value(6)", "value(3.0) value(7)",
        "value(10.0) value(5)", "value(10.0) value(6)", "value(10.0) value(7)",
      ])
    #expect(plan.trials.allSatisfy { $0.stage == "main" && $0.replicate == 0 })
  }

  @Test("in a large grid every trial has its position and its own identity and seed")
  func large() throws {
    let grid = try plan(
      head + "replicates: 2\naxes: {tolerance: {from: 1, to: 3000, step: 1}}"
    ).trials
    #expect(grid.count == 6000)
    for (tolerance, replicate) in [(1, 0), (512, 1), (513, 0), (2048, 1), (2999, 0), (3000, 1)] {
      let alone = try plan(head + "replicates: 2\ntolerance: \(tolerance)").trials
      #expect(grid[2 * (tolerance - 1) + replicate] == alone[replicate])
    }
  }

  @Test("paired axes vary together; groups and plain axes multiply")
  func zipped() throws {
    let plan = try plan(
      """
      sweep: grid
      budget: 1 epoch
      axes: {tolerance: [3, 10]}
      zip:
        - dataset: [mnist, dsprites]
          channels: [[8, 8, 8], [8, 8, 8, 8]]
        - {latents: [5, 6], trainer.gate_steepness: [7, 9]}
      """)
    #expect(plan.trials.count == 8)
    #expect(
      plan.configurations.prefix(4).map {
        "\($0.dataset) \($0.model.channels.count) \($0.model.latents) \($0.trainer.gateSteepness)"
      } == [
        "mnist 3 value(5) 7.0", "mnist 3 value(6) 9.0", "dsprites 4 value(5) 7.0",
        "dsprites 4 value(6) 9.0",
      ])
  }

  @Test(
    "any setting can be an axis",
    arguments: [
      ("budget: [100 batches, [50 batches, 300 batches]]", 2), ("seed: [1, 2, 3]", 3),
      ("channels: [[8, 8, 8], [4, 4, 4]]", 2), ("model.channels: [[8, 8, 8]]", 1),
      ("trainer.kl_reduction: [sum, mean-open]", 2), ("gate_steepness: [5, 7]", 2),
      ("learning_rate: {from: 1e-4, to: 1e-2, count: 3, scale: log}", 3),
    ])
  func keys(axis: String, count: Int) throws {
    let text = "sweep: grid\ndataset: mnist\nlatents: 5\ntolerance: 3\naxes: {\(axis)}\n"
    let budget = axis.hasPrefix("budget") ? "" : "budget: 100 batches\n"
    #expect(try plan(text + budget).trials.count == count)
  }

  @Test(
    "ranges include both ends, without rounding errors",
    arguments: [
      ("{from: 3, to: 30, step: 9}", [3.0, 12, 21, 30]),
      ("{from: 0.1, to: 0.5, step: 0.1}", [0.1, 0.2, 0.3, 0.4, 0.5]),
      ("{from: 0, to: 1, count: 4}", [0, 0.333333333333, 0.666666666667, 1]),
      ("{from: 1, to: 100, count: 3, scale: log}", [1, 10, 100]),
    ])
  func range(text: String, values: [Double]) throws {
    let plan = try plan(head + "axes: {tolerance: \(text)}")
    #expect(plan.configurations.map(\.tolerance) == values.map { .value($0) })
  }

  @Test("a logarithmic range of a whole-number setting is rounded; a linear one must be whole")
  func wholeRange() throws {
    let text = "sweep: grid\ndataset: mnist\ntolerance: 3\nbudget: 1 epoch\naxes: {latents: "
    let plan = try plan(text + "{from: 1, to: 100, count: 5, scale: log}}")
    #expect(
      plan.configurations.map(\.model.latents) == [1, 3, 10, 32, 100].map { .value($0) })
    #expect(
      errors(text + "{from: 1, to: 10, count: 3}}") == [
        "x.yaml:5:17: 5.5 for latents; expected a whole number from 1 to 4096, "
          + "or a reference such as 2 * baseline.latents"
      ])
  }

  @Test("points with equal configurations are one trial, in its first stage")
  func merged() throws {
    let plan = try plan(
      """
      sweep: merged
      dataset: mnist
      latents: 5
      budget: 1 epoch
      stages:
        first: {tolerance: 3}
        second: {axes: {tolerance: [3, 10]}}
      """)
    #expect(plan.trials.map(\.stage) == ["first", "second"])
    #expect(plan.configurations.map(\.tolerance) == [.value(3), .value(10)])
  }

  @Test("replicates repeat each point with seeds of their own")
  func replicates() throws {
    let once = try plan(head + "axes: {tolerance: [3, 10]}")
    let thrice = try plan(head + "replicates: 3\naxes: {tolerance: [3, 10]}")
    #expect(thrice.trials.map(\.replicate) == [0, 1, 2, 0, 1, 2])
    #expect(Set(thrice.configurations.map(\.seed)).count == 6)
    // More replicates keep the existing ones.
    #expect(thrice.trials.filter { $0.replicate == 0 } == once.trials)
  }

  @Test("the sweep's seed, typed or on an axis, changes every trial")
  func seeds() throws {
    let text = head + "tolerance: 3\n"
    let axis = try plan(text + "axes: {seed: [1, 2]}")
    let typed = try [1, 2].map { try plan(text + "seed: \($0)").trials[0] }
    #expect(axis.trials == typed)
    #expect(typed[0].id != typed[1].id)
    #expect(try plan(text).trials == [typed[0]])
    #expect(
      errors(text + "seed: 1\naxes: {seed: [1]}")
        == ["x.yaml:6:7: a seed and an axis of seeds; expected one of them"])
  }

  @Test("expanding twice gives the same plan")
  func deterministic() throws {
    let text =
      head + "replicates: 2\naxes: {tolerance: [3, 10], gate_steepness: [5, 7], seed: [1, 2]}"
    #expect(try plan(text) == plan(text))
    #expect(try plan(text).trials.count == 16)
  }
}
