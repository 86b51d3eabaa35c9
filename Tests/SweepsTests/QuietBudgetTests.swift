import Foundation
import Testing
import Trials

@testable import Sweeps

@Suite("Budgets by which trials may end early")
struct QuietBudgetTests {
  private static func text(_ budget: String) -> String {
    oneTrial.replacing("budget: 100 batches", with: "budget: " + budget)
  }

  private func configuration(_ budget: String, scale: Double = 1) throws -> TrialConfiguration {
    try plan(Self.text(budget), budgetScale: scale).configurations[0]
  }

  @Test("until quiet, within a limit")
  func shortest() throws {
    let configuration = try configuration("{until: quiet, within: 2000 epochs}")
    #expect(configuration.milestones == [.epochs(2000)])
    #expect(configuration.quiet == QuietRule(window: 20_000))
    #expect(configuration.canonicalText.contains(#","quiet":{"window":20000},"seed""#))
  }

  @Test("with milestones before the limit, and its own window")
  func whole() throws {
    let configuration = try configuration(
      "{until: quiet, within: 9 epochs, milestones: [2 epochs, 4 epochs], window: 40 batches}")
    #expect(configuration.milestones == [.epochs(2), .epochs(4), .epochs(9)])
    #expect(configuration.quiet == QuietRule(window: 40))
    #expect(
      try self.configuration(
        "{until: quiet, within: 9 epochs, milestones: 2 epochs}"
      ).milestones
        == [.epochs(2), .epochs(9)])
  }

  @Test("the text of a configuration reads back, and only known keys of the rule do")
  func roundTrip() throws {
    let configuration = try configuration("{until: quiet, within: 9 epochs, window: 7 batches}")
    #expect(CanonicalJSON.text(configuration) == configuration.canonicalText)
    let read = try CanonicalJSON.decode(
      TrialConfiguration.self, from: Data(configuration.canonicalText.utf8))
    #expect(read == configuration)
    for (old, new) in [(#""window":7"#, #""window":0"#), (#""window":7"#, #""windw":7"#)] {
      let text = configuration.canonicalText.replacing(old, with: new)
      #expect(throws: DecodingError.self) {
        try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
      }
    }
  }

  @Test("--scale-budget scales the window, too")
  func scaled() throws {
    let configuration = try configuration(
      "{until: quiet, within: 200000 batches, milestones: [50000 batches]}", scale: 0.01)
    #expect(configuration.milestones == [.batches(500), .batches(2000)])
    #expect(configuration.quiet == QuietRule(window: 200))
  }

  @Test("an axis can compare it with a fixed budget; names differ, seeds do not")
  func axis() throws {
    let sweep = try plan(
      """
      sweep: one
      dataset: mnist
      latents: 5
      tolerance: 3
      axes: {budget: [9 epochs, {until: quiet, within: 9 epochs}]}
      """)
    #expect(sweep.configurations.map(\.quiet) == [nil, QuietRule()])
    #expect(Set(sweep.configurations.map(\.seed)).count == 1)
    let names = TrialNames(of: sweep.trials)
    #expect(
      sweep.trials.map(names.name) == ["budget = 9 epochs", "budget = quiet within 9 epochs"])
  }

  @Test("the plan says that its costs are upper bounds")
  func upperBound() throws {
    let summary = PlanSummary(try plan(Self.text("{until: quiet, within: 90 batches}")))
    #expect(summary.isUpperBound)
    #expect(summary.totalSteps == 90)
    #expect(summary.text.contains("steps, at most"))
    #expect(summary.text.contains("Critical path: at most"))
    #expect(summary.json.contains(#""is_upper_bound" : true"#))
    let baseline = Self.text("{until: quiet, within: 90 batches}")
      .replacing("tolerance: 3", with: "tolerance: 0")
    #expect(baseline.contains("tolerance: 0"))
    #expect(!PlanSummary(try plan(baseline)).isUpperBound)
    let fixed = PlanSummary(try plan(oneTrial))
    #expect(!fixed.text.contains("at most"))
    #expect(!fixed.json.contains("is_upper_bound"))
  }

  @Test(
    "errors name their place",
    arguments: [
      ("{within: 9 epochs}", "5:9: a budget without \"until\"; expected quiet, as in "),
      ("{until: quite, within: 9 epochs}", "5:17: quite for until; expected quiet, as in "),
      ("{until: quiet}", "5:9: a budget without \"within\"; expected the most that a trial may"),
      (
        "{until: quiet, within: 9}",
        "5:32: 9 for within; expected one budget such as 200000 batches or 2000 epochs; "
          + "did you mean 9 batches?"
      ),
      ("{until: quiet, within: [9 epochs]}", "5:32: a list for within; expected one"),
      (
        "{until: quiet, within: 9 epochs, windows: 3}",
        "5:42: unknown key \"windows\" in budget; expected one of until, within, milestones, "
          + "window; did you mean \"window\"?"
      ),
      (
        "{until: quiet, within: 9 epochs, window: 3 epochs}",
        "5:50: 3 epochs for window; expected a count of batches such as 20000 batches"
      ),
      (
        "{until: quiet, within: 9 epochs, window: 300 steps}",
        "5:50: 300 steps for window; expected a count of batches such as 20000 batches; "
          + "did you mean 300 batches?"
      ),
      (
        "{until: quiet, within: 9 epochs, milestones: [9 epochs]}",
        "5:54: milestones up to 9 epochs; expected milestones in the unit of within, and before 9"
      ),
      (
        "{until: quiet, within: 9 epochs, milestones: [9 batches]}",
        "5:54: milestones up to 9 batches; expected milestones in the unit of within"
      ),
      (
        "{until: quiet, within: 9 epochs, milestones: [4 epochs, 2 epochs]}",
        "5:65: 2 epochs after 4 epochs; expected ascending milestones"
      ),
    ])
  func malformed(budget: String, message: String) {
    let found = errors(Self.text(budget))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("x.yaml:" + message) == true, "\(found)")
  }
}
