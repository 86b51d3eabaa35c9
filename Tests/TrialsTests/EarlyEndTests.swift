import Digests
import Testing

@testable import Trials

/// Checks on the reports of a trial that may end before its last milestone.
@Suite("Reports of trials that end early")
struct EarlyEndTests {
  private static let configuration: TrialConfiguration = {
    var configuration = TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(14.5), milestones: [.epochs(2), .epochs(50)], seed: 1)
    configuration.trainer.batchSize = 10
    configuration.quiet = QuietRule(window: 60)
    return configuration
  }()

  /// 105 images make 10 batches an epoch.
  private let bounds: ResultBounds

  init() throws { bounds = try ResultBounds(Self.configuration, trainingImageCount: 105) }

  private static func report(
    _ budget: Int, step: Int, _ ending: ReportEnding, since: Int? = nil, gates: [Int]? = nil
  ) -> MilestoneReport {
    MilestoneReport(
      budget: .epochs(budget), tolerance: 14.5, step: step, ending: ending,
      stateDigest: Digest.of("state"), gatesOpen: 1, mse: 14, evaluationMSE: 14, firstHitStep: 15,
      multiplier: 0.3, openProbabilities: [0.9, 0.1, 0.2], sinceStep: since,
      alternatingGates: gates)
  }

  private static let first = report(2, step: 20, .goesOn)

  private func defect(_ reports: [MilestoneReport], isComplete: Bool = true) -> String? {
    Self.configuration.defect(of: reports, isComplete: isComplete)
  }

  @Test("the report of an early end is that of the last milestone")
  func sound() {
    let end = Self.report(50, step: 110, .quiet, since: 50)
    #expect(defect([Self.first, end]) == nil)
    #expect(bounds.defect(of: end) == nil)
    #expect(end.endedByRule)
    // So does an end before all milestones but the last.
    #expect(defect([Self.report(50, step: 10, .unreachable, since: 0)]) == nil)
    let oscillating = Self.report(50, step: 500, .oscillating, since: 30, gates: [0, 2])
    #expect(defect([Self.first, oscillating]) == nil)
    #expect(bounds.defect(of: oscillating) == nil)
    #expect(defect([Self.first, Self.report(50, step: 500, .budget)]) == nil)
  }

  @Test("a baseline ends by its budget")
  func baseline() throws {
    var configuration = Self.configuration
    configuration.tolerance = .value(0)
    #expect(Self.configuration.mayEndEarly)
    #expect(!configuration.mayEndEarly)
    var end = Self.report(50, step: 110, .unreachable, since: 0)
    #expect(bounds.defect(of: end) == nil)
    end.tolerance = 0
    let bounds = try ResultBounds(configuration, trainingImageCount: 105)
    #expect(bounds.defect(of: end)?.place == "50 epochs, unreachable: tolerance")
  }

  @Test("a final ending with an unknown word is accepted")
  func unknownWord() throws {
    let ending = try #require(ReportEnding(word: "bored", isFinal: true))
    let end = Self.report(50, step: 110, ending, since: 50)
    #expect(defect([Self.first, end]) == nil)
    #expect(bounds.defect(of: end) == nil)
  }

  @Test("reports that do not fit the configuration")
  func unsound() {
    let end = Self.report(50, step: 110, .quiet, since: 50)
    #expect(defect([Self.first]) != nil)
    #expect(defect([Self.first], isComplete: false) == nil)
    #expect(defect([Self.report(2, step: 20, .quiet, since: 0)]) != nil)
    #expect(defect([end, Self.report(50, step: 120, .quiet, since: 50)]) != nil)
    #expect(defect([Self.first, Self.report(50, step: 20, .quiet, since: 0)]) != nil)
    var other = end
    other.tolerance = 3
    #expect(defect([Self.first, other]) != nil)
    var plain = Self.configuration
    plain.quiet = nil
    #expect(plain.defect(of: [Self.first, end], isComplete: true) == nil)  // Its step tells:
    #expect(
      (try? ResultBounds(plain, trainingImageCount: 105))?.defect(of: end)?.place
        == "50 epochs: step")
    #expect(plain.defect(of: [end], isComplete: true) != nil)
  }

  @Test(
    "impossible numbers",
    arguments: [
      ("step", report(50, step: 111, .quiet, since: 50)),
      ("step", report(50, step: 510, .quiet, since: 50)),
      ("step", report(50, step: 20, .quiet, since: 0)),
      ("since_step", report(50, step: 110, .quiet)),
      ("since_step", report(50, step: 110, .quiet, since: 51)),
      ("since_step", report(50, step: 110, .quiet, since: -1)),
      ("alternating_gates", report(50, step: 110, .quiet, since: 50, gates: [1])),
      ("alternating_gates", report(50, step: 110, .oscillating, since: 50)),
      ("alternating_gates", report(50, step: 110, .oscillating, since: 50, gates: [0, 1, 2])),
      ("alternating_gates", report(50, step: 110, .oscillating, since: 50, gates: [3])),
      ("alternating_gates", report(50, step: 110, .oscillating, since: 50, gates: [2, 1])),
      ("since_step", report(50, step: 500, .budget, since: 50)),
      ("alternating_gates", report(2, step: 20, .goesOn, gates: [1])),
    ])
  func numbers(place: String, report: MilestoneReport) {
    let found = bounds.defect(of: report)?.place
    #expect(found?.hasSuffix(place) == true, "\(found ?? "none")")
  }
}
