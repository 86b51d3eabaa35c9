import Testing
import Trials

@testable import Sweeps

@Suite("--set and --scale-budget")
struct OverrideTests {
  private let grid = """
    sweep: grid
    model: {latents: 5}
    budget: [100 batches, 200 batches]
    axes:
      tolerance: [3, 10, 30]
    zip:
      dataset: [mnist, dsprites]
      seed: [1, 2]
    """

  @Test("an option replaces what its path names")
  func replaces() throws {
    let plan = try plan(
      grid,
      set: [
        "axes.tolerance=[3, 10]", "zip.seed=[7, 8]", "model.latents=6", "budget=\"10 epochs\"",
        "sweep=renamed",
      ])
    #expect(plan.name == "renamed")
    #expect(plan.trials.count == 4)
    for configuration in plan.configurations {
      #expect(configuration.model.latents == .value(6))
      #expect(configuration.milestones == [.epochs(10)])
    }
  }

  @Test("the result is that of a file with the same values")
  func equivalent() throws {
    let typed = try plan(oneTrial.replacing("latents: 5", with: "latents: 9"))
    #expect(try plan(oneTrial, set: ["latents=9"]) == typed)
  }

  @Test("an option adds missing values and the mappings around them")
  func adds() throws {
    let changed = try plan(
      oneTrial,
      set: ["replicates=2", "trainer.gate_steepness=9", "axes.trainer.leaky_slope=[0, 0.1]"])
    #expect(changed.trials.count == 4)
    #expect(changed.configurations.allSatisfy { $0.trainer.gateSteepness == 9 })
  }

  @Test("latents and model.latents are one key, as are the spellings of an axis")
  func spellings() throws {
    let top = try plan(oneTrial, set: ["model.latents=9"])
    #expect(top.configurations.map(\.model.latents) == [.value(9)])
    let model = try plan(grid, set: ["latents=9"])
    #expect(model.configurations.allSatisfy { $0.model.latents == .value(9) })
    let axis = try plan(
      oneTrial + "\naxes: {trainer.gate_steepness: [1, 2]}", set: ["axes.gate_steepness=[3]"])
    #expect(axis.configurations.map(\.trainer.gateSteepness) == [3])
  }

  @Test("a stage is reached by its name; a group of paired axes by its number")
  func nested() throws {
    let stage = try plan(
      twoStages, set: ["stages.baseline.budget=3 batches", "stages.narrowed.trainer.leaky_slope=0"])
    #expect(stage.trials[0].configuration.milestones == [.batches(3)])
    #expect(stage.trials[1].configuration.trainer.leakySlope == 0)
    let text = oneTrial + "\nzip: [{leaky_slope: [0, 1], gate_steepness: [1, 2]}]"
    let group = try plan(text, set: ["zip.0.leaky_slope=[0.5, 0.25]"])
    #expect(group.configurations.map(\.trainer.leakySlope) == [0.5, 0.25])
  }

  @Test("the later of two options with one path wins")
  func later() throws {
    let plan = try plan(oneTrial, set: ["latents=7", "latents=8"])
    #expect(plan.configurations[0].model.latents == .value(8))
  }

  @Test("an option replaces an invalid value of the file")
  func repairs() throws {
    #expect(
      try plan(oneTrial.replacing("mnist", with: "mnst"), set: ["dataset=mnist"])
        == plan(oneTrial))
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    let option: String
    let message: String
    var testDescription: String { option }

    init(_ option: String, _ message: String) {
      self.option = option
      self.message = message
    }
  }

  static let refused: [Refused] = [
    Refused("latents", "no path and value; expected PATH=VALUE, such as axes.tolerance=[3, 10]"),
    Refused(
      "trainer..x=3",
      "the path \"trainer..x\"; expected names separated by dots, "
        + "such as stages.baseline.budget"),
    Refused(
      "latens=3",
      "unknown key \"latens\"; expected \(MalformedFileTests.topKeys); "
        + "did you mean \"latents\"?"),
    Refused(
      "axis.tolerance=[3]",
      "unknown key \"axis\"; expected \(MalformedFileTests.topKeys); "
        + "did you mean \"axes\"?"),
    Refused(
      "trainer.gate_steepnes=3",
      "unknown key \"gate_steepnes\" in trainer; expected one of "
        + TrainerSetting.all.map(\.key).joined(separator: ", ")
        + "; did you mean \"gate_steepness\"?"),
    Refused("latents=many", "many for latents; expected \(MalformedFileTests.latentsText)"),
    Refused("latents.x=3", "a mapping for latents; expected \(MalformedFileTests.latentsText)"),
    Refused("budget=", "nothing for budget; expected \(MalformedFileTests.budgetText)"),
    Refused(
      "axes.tolerance=[3",
      "a YAML syntax error (while parsing a flow sequence, "
        + "did not find expected ',' or ']'); expected well-formed YAML"),
    Refused(
      "stages.baseline.latents=3",
      "unknown stage \"baseline\"; expected a path without stages, because this sweep has none"),
  ]

  @Test("errors in options name the option", arguments: refused)
  func wrong(_ refused: Refused) {
    #expect(
      errors(oneTrial, set: [refused.option]) == ["--set \(refused.option): \(refused.message)"])
  }

  @Test("an option that names no stage, no group, or has no effect")
  func withoutEffect() {
    #expect(
      errors(twoStages, set: ["stages.basline.latents=3"]) == [
        "--set stages.basline.latents=3: unknown stage \"basline\"; "
          + "expected one of baseline, narrowed; did you mean \"baseline\"?"
      ])
    #expect(
      errors(twoStages, set: ["budget=1 epoch"]) == [
        "--set budget=1 epoch: budget at the top level, which every stage sets for itself; "
          + "expected it under stages.baseline or stages.narrowed"
      ])
    #expect(
      errors(grid, set: ["tolerance=3"]) == [
        "--set tolerance=3: tolerance and an axis over it (at x.yaml:5:3); "
          + "expected one of them; did you mean --set axes.tolerance=[…]?"
      ])
    #expect(
      errors(oneTrial + "\nzip: [{seed: [0], batch_size: [2]}]", set: ["zip.1.seed=[3]"]) == [
        "--set zip.1.seed=[3]: the path zip.1.seed; "
          + "expected zip.NUMBER.KEY with a group from 0 to 0"
      ])
  }

  @Test("a scale multiplies every milestone, rounds, and leaves at least one batch")
  func scale() throws {
    func milestones(_ budget: String, _ factor: Double) throws -> [Budget] {
      let text = oneTrial.replacing("100 batches", with: budget)
      return try plan(text, budgetScale: factor).configurations[0].milestones
    }
    #expect(try milestones("[200 batches, 300 batches]", 0.01) == [.batches(2), .batches(3)])
    #expect(try milestones("2000 epochs", 0.01) == [.epochs(20)])
    #expect(try milestones("10 batches", 0.001) == [.batches(1)])
    #expect(try milestones("7 batches", 0.5) == [.batches(4)])
    #expect(try milestones("7 batches", 2) == [.batches(14)])
    #expect(try milestones("1 epoch", 0.5) == [.epochs(1)])
  }

  @Test("a scaled budget equals a typed one")
  func scaledIdentity() throws {
    #expect(
      try plan(oneTrial, budgetScale: 0.1) == plan(oneTrial.replacing("100 b", with: "10 b")))
  }

  @Test(
    "invalid scales",
    arguments: [
      (
        "[200 batches, 300 batches]", 0.001,
        "the budget [200 batches, 300 batches] (x.yaml:5:9) with two milestones at 1 batch; "
          + "expected a factor that keeps milestones apart"
      ),
      (
        "2000 epochs", 0.0001,
        "the budget 2000 epochs (x.yaml:5:9); expected a factor that leaves at least one epoch, "
          + "or --set with a budget in batches"
      ),
      (
        "1000 batches", 1e9,
        "the budget 1000 batches (x.yaml:5:9); expected a factor that leaves at most 1000000000"
      ),
      ("1 batch", 0, "the factor 0.0; expected a number above 0"),
      ("1 batch", -1, "the factor -1.0; expected a number above 0"),
      ("1 batch", .infinity, "the factor inf; expected a number above 0"),
      ("1 batch", .nan, "the factor nan; expected a number above 0"),
    ])
  func badScale(budget: String, factor: Double, message: String) {
    #expect(
      errors(oneTrial.replacing("100 batches", with: budget), budgetScale: factor)
        == ["--scale-budget \(factor): \(message)"])
  }
}
