import Testing
import Trials

@testable import Sweeps

@Suite("Ladders of tolerances in sweep files")
struct TraceTests {
  private static let ladder = "[3, 5, 8]"

  private static func text(_ trace: String, budget: String = "100 batches") -> String {
    oneTrial.replacing("tolerance: 3", with: "trace: " + trace)
      .replacing("100 batches", with: budget)
  }

  @Test("in place of a tolerance; each rung has the budget")
  func plain() throws {
    let configuration = try plan(Self.text(Self.ladder)).configurations[0]
    #expect(configuration.trace == ToleranceLadder([3, 5, 8]))
    #expect(configuration.tolerance == .value(3))
    #expect(configuration.milestones == [.batches(100), .batches(200), .batches(300)])
    #expect(configuration.rungBudget == .batches(100))
    #expect(configuration.quiet == nil)
  }

  @Test("until quiet, scaled")
  func quiet() throws {
    let text = Self.text(
      "[8, 5]", budget: "{until: quiet, within: 50 epochs, window: 5000 batches}")
    let configuration = try plan(text, budgetScale: 0.1).configurations[0]
    #expect(configuration.trace?.direction == .down)
    #expect(configuration.milestones == [.epochs(5), .epochs(10)])
    #expect(configuration.quiet == QuietRule(window: 500))
  }

  @Test("the plan counts all rungs, as an upper bound if they may be quiet")
  func cost() throws {
    let fixed = PlanSummary(try plan(Self.text(Self.ladder)))
    #expect(fixed.totalSteps == 300 && !fixed.isUpperBound)
    #expect(fixed.text.contains("Traced: 1 trial with several tolerances each; the steps"))
    #expect(!PlanSummary(try plan(oneTrial)).text.contains("Traced"))
    let quiet = Self.text(Self.ladder, budget: "{until: quiet, within: 100 batches}")
    #expect(PlanSummary(try plan(quiet)).totalSteps == 300)
    #expect(PlanSummary(try plan(quiet)).isUpperBound)
  }

  @Test("an axis compares two ladders; a stage of one stands beside a stage of tolerances")
  func axesAndStages() throws {
    let axis = try plan(
      """
      sweep: one
      dataset: mnist
      latents: 5
      budget: 100 batches
      axes: {trace: [[3, 5], [5, 3]]}
      """)
    #expect(axis.configurations.map(\.trace?.direction) == [.up, .down])
    #expect(
      axis.trials.map(TrialNames(of: axis.trials).name)
        == ["traced τ = [3, 5]", "traced τ = [5, 3]"])
    let stages = try plan(
      """
      sweep: one
      dataset: mnist
      latents: 5
      budget: 100 batches
      tolerance: 4
      stages:
        alone: {axes: {tolerance: [3, 5]}}
        default: {}
        traced: {trace: [3, 5]}
      """)
    #expect(stages.stage("alone").map(\.configuration.trace) == [nil, nil])
    #expect(stages.stage("default").map(\.configuration.tolerance) == [.value(4)])
    #expect(stages.stage("traced").map(\.configuration.trace) == [ToleranceLadder([3, 5])])
    // The first rung repeats the trial of that tolerance alone.
    #expect(stages.stage("traced")[0].configuration.seed == stages.trials[0].configuration.seed)
  }

  @Test("a stage's own tolerance or ladder hides the other at the top level")
  func hidden() throws {
    let sweep = try plan(
      """
      sweep: one
      dataset: mnist
      latents: 5
      budget: 100 batches
      axes: {tolerance: [3, 5]}
      stages:
        alone: {}
        traced: {trace: [3, 5]}
      """)
    #expect(sweep.stage("alone").count == 2)
    #expect(sweep.stage("traced").map(\.configuration.trace) == [ToleranceLadder([3, 5])])
    let unused =
      """
      sweep: one
      dataset: mnist
      latents: 5
      budget: 100 batches
      tolerance: 4
      stages: {up: {trace: [3, 5]}, down: {trace: [5, 3]}}
      """
    #expect(errors(unused)[0].contains("tolerance at the top level, which every stage sets"))
  }

  @Test("a later stage takes what the last rung leaves, but no tolerance of a ladder")
  func references() throws {
    func text(_ tolerance: String) -> String {
      """
      sweep: one
      dataset: mnist
      latents: 5
      budget: 100 batches
      stages:
        traced: {trace: [3, 5]}
        after: {tolerance: \(tolerance)}
      """
    }
    let sweep = try plan(text("traced.mse"))
    #expect(
      sweep.stage("after")[0].configuration.tolerance
        == .measured(ParentMeasurement(trial: sweep.trials[0].id, output: .mse)))
    #expect(
      errors(text("traced.tolerance"))[0].contains(
        "traced.tolerance, of a stage that traces 2 tolerances; expected a number, or traced.mse"))
  }

  @Test(
    "errors name their place",
    arguments: [
      ("3", "4:8: 3 for trace; expected 2 to 64 tolerances above 0, all ascending or all"),
      ("[3]", "4:8: 1 tolerances for trace; expected 2 to 64 tolerances"),
      ("[]", "4:8: 0 tolerances for trace; expected 2 to 64 tolerances"),
      ("[0, 3]", "4:9: 0 for a tolerance of trace; expected a number above 0, at most 1000000"),
      ("[3, x]", "4:12: x for a tolerance of trace; expected a number above 0"),
      ("[3, baseline.mse]", "4:12: baseline.mse for a tolerance of trace; expected a number"),
      ("[3, 5, 4]", "4:15: 4 after 5 for trace; expected tolerances that all ascend or all desc"),
      ("[5, 3, 4]", "4:15: 4 after 3 for trace; expected tolerances that all ascend or all desc"),
      ("[3, 3]", "4:12: 3 after 3 for trace; expected tolerances that all ascend or all descend"),
      ("[5, 3, 3]", "4:15: 3 after 3 for trace; expected tolerances that all ascend or all desc"),
      ("[3,5, 8]", "4:8: numbers for trace, some with a space after the comma, some without"),
      ("[3,5, 8.5]", "4:8: numbers for trace, some with a space after the comma, some without"),
    ])
  func malformed(trace: String, message: String) throws {
    let found = errors(Self.text(trace))
    #expect(found.count == 1 && found[0].contains("x.yaml:" + message), "\(found)")
  }

  @Test("a tolerance beside a ladder, and milestones within a rung, are refused")
  func conflicts() {
    #expect(
      errors(oneTrial + "\ntrace: [3, 5]")[0].hasPrefix(
        "x.yaml:6:8: trace and tolerance (at x.yaml:4:12); expected one of them"))
    #expect(
      errors(
        oneTrial.replacing("tolerance: 3", with: "axes: {tolerance: [3, 4], trace: [[3, 5]]}"))[
          0
        ].contains("trace and tolerance"))
    for budget in [
      "[50 batches, 100 batches]", "{until: quiet, within: 9 epochs, milestones: 2 epochs}",
    ] {
      let found = errors(Self.text(Self.ladder, budget: budget))
      #expect(found[0].contains("with trace for budget; expected one budget, the most that each"))
    }
    #expect(
      errors(Self.text(Self.ladder).replacing("latents: 5", with: "latents: 4096") + "\n").isEmpty)
    let long = "[" + (1...64).map(String.init).joined(separator: ", ") + "]"
    #expect(
      errors(Self.text(long).replacing("latents: 5", with: "latents: 300"))[0].hasPrefix(
        "x.yaml:4:8: 64 tolerances with 300 latents for trace; expected at most 54 tolerances"))
    #expect(
      errors(Self.text(Self.ladder, budget: "400000000 batches"))[0].contains(
        "400000000 batches for each of 3 tolerances of trace for budget; expected at most"))
    #expect(
      errors(Self.text(Self.ladder), set: ["axes.trace=[3, 5]"])[0].contains("for trace"))
  }

  @Test("the reference of settings has the key")
  func reference() {
    #expect(SettingsReference.text.contains("in place of tolerance: the tolerances that one trial"))
  }
}
