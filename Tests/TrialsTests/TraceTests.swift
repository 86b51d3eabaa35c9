import Digests
import Foundation
import Testing

@testable import Trials

/// Traced trials: their configuration, and checks on their reports.
@Suite("Configurations and reports of traced trials")
struct TraceTests {
  /// Three rungs of at most 5 epochs of 10 steps; a later rung's windows begin after 7 of its steps.
  private static func configuration(
    _ tolerances: [Double] = [14.5, 20, 30], quiet: QuietRule? = QuietRule(window: 20)
  ) throws -> TrialConfiguration {
    let ladder = try #require(ToleranceLadder(tolerances))
    var configuration = TrialConfiguration(
      dataset: .mnist, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
      tolerance: .value(ladder.first),
      milestones: try #require(TrialConfiguration.milestones(of: ladder, within: .epochs(5))),
      seed: 1)
    configuration.trainer.batchSize = 10
    configuration.trainer.constraintSmoothing = 0.4
    configuration.trainer.adamBeta2 = 0.5
    configuration.trace = ladder
    configuration.quiet = quiet
    return configuration
  }

  private static func report(
    _ rung: Int, step: Int, _ ending: ReportEnding, since: Int? = nil
  ) -> MilestoneReport {
    MilestoneReport(
      budget: .epochs(5 * (rung + 1)), tolerance: [14.5, 20, 30][rung], step: step, ending: ending,
      stateDigest: Digest.of("state"), gatesOpen: 1, mse: 14, evaluationMSE: 14, firstHitStep: 15,
      multiplier: 0.3, openProbabilities: [0.9, 0.1, 0.2], sinceStep: since)
  }

  private static let quiet = ReportEnding.quiet.with(isFinal: false)
  private static let spent = ReportEnding.budget.with(isFinal: false)

  /// The first rung was quiet at step 40, the second spent its budget, the third was quiet.
  private static let sound = [
    report(0, step: 40, quiet, since: 15), report(1, step: 90, spent),
    report(2, step: 120, .quiet, since: 97),
  ]

  /// What a coordinator refuses of a whole result, in words.
  private func defect(
    _ reports: [MilestoneReport], of configuration: TrialConfiguration? = nil
  ) throws -> String? {
    let configuration = try configuration ?? Self.configuration()
    let bounds = try ResultBounds(configuration, trainingImageCount: 105)
    return configuration.defect(of: reports, isComplete: true)
      ?? reports.lazy.compactMap { bounds.defect(of: $0)?.description }.first
      ?? bounds.defectOfRungs(in: reports)?.description
  }

  @Test(
    "a ladder has two rungs or more, above 0, in one direction",
    arguments: [
      [3], [], [3, 3], [3, 5, 4], [5, 3, 4], [0, 3], [-1, 3], [3, 1e7], [3, .nan], [3, .infinity],
      (1...65).map { Double($0) },
    ] as [[Double]])
  func invalidLadders(tolerances: [Double]) { #expect(ToleranceLadder(tolerances) == nil) }

  @Test("a ladder leads up or down")
  func directions() throws {
    let up = try #require(ToleranceLadder([3, 5.5, 8]))
    #expect(up.direction == .up && up.first == 3 && up.last == 8 && up.count == 3)
    #expect(ToleranceLadder([8, 5, 3])?.direction == .down)
    #expect(ToleranceLadder((1...64).map(Double.init))?.count == 64)
  }

  @Test("the canonical text names the ladder, and reads back")
  func roundTrip() throws {
    let configuration = try Self.configuration([3, 5.5, 8])
    #expect(configuration.canonicalText.contains(#","tolerance":3,"trace":[3,5.5,8],"trainer":"#))
    #expect(CanonicalJSON.text(configuration) == configuration.canonicalText)
    let read = try CanonicalJSON.decode(
      TrialConfiguration.self, from: Data(configuration.canonicalText.utf8))
    #expect(read == configuration)
    try read.validate()
    for trace in ["[3]", "[3,5,4]", "[3,\"5\"]", "5", "[]", "[0,3]"] {
      let text = configuration.canonicalText.replacing("[3,5.5,8]", with: trace)
      #expect(throws: DecodingError.self, "\(trace)") {
        try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
      }
    }
  }

  @Test("tolerance and milestones must be those of the ladder")
  func validated() throws {
    try Self.configuration().validate()
    var other = try Self.configuration()
    other.tolerance = .value(20)
    #expect(throws: ConfigurationError.self) { try other.validate() }
    other = try Self.configuration((1...64).map { Double($0) })
    other.model.latents = .value(256)
    try other.validate()
    other.model.latents = .value(257)
    #expect(throws: ConfigurationError.self) { try other.validate() }
    for milestones in [[5, 10], [5, 10, 16], [5, 10, 15, 20], [6, 10, 15]] {
      var other = try Self.configuration()
      other.milestones = milestones.map { .epochs($0) }
      #expect(throws: ConfigurationError.self, "\(milestones)") { try other.validate() }
    }
  }

  @Test("a budget whose rungs are too long together is none")
  func tooLong() throws {
    let ladder = try #require(ToleranceLadder([3, 5]))
    let most = Budget.maximumCount / 2
    #expect(
      TrialConfiguration.milestones(of: ladder, within: .batches(most))
        == [.batches(most), .batches(2 * most)])
    #expect(TrialConfiguration.milestones(of: ladder, within: .batches(most + 1)) == nil)
  }

  @Test("a traced trial has the seed of its first tolerance alone, and another name")
  func seeds() throws {
    let traced = try Self.configuration()
    var plain = traced
    plain.trace = nil
    plain.milestones = [.epochs(5)]
    func seed(_ configuration: TrialConfiguration) -> UInt64 {
      TrialConfiguration.deriveSeed(sweepSeed: 3, replicate: 1, configuration: configuration)
    }
    #expect(seed(traced) == seed(plain))
    #expect(traced.id != plain.id)
    #expect(!plain.canonicalText.contains("trace"))
  }

  @Test("a traced trial is no longer run of another, and has none")
  func extensions() throws {
    let short = try Self.configuration()
    let ladder = try #require(short.trace)
    var long = short
    long.milestones = try #require(TrialConfiguration.milestones(of: ladder, within: .epochs(10)))
    #expect(!long.canExtend(short))
    var plain = short
    plain.trace = nil
    var longerPlain = plain
    longerPlain.milestones = [.epochs(5), .epochs(10), .epochs(15), .epochs(20)]
    #expect(longerPlain.canExtend(plain))
    #expect(!longerPlain.canExtend(short))
    longerPlain.trace = ladder
    #expect(!longerPlain.canExtend(plain))
  }

  @Test("the dwell is until less than a hundredth of C_ma and Adam's second moments is older")
  func dwell() {
    var settings = TrainerSettings()
    #expect(settings.dwell == 4603)
    settings.adamBeta2 = 0.5
    #expect(settings.dwell == 459)
    settings.constraintSmoothing = 0.4
    #expect(settings.dwell == 7)
    settings.adamBeta2 = 0
    settings.constraintSmoothing = 0
    #expect(settings.dwell == 1)
    settings.adamBeta2 = 1.0.nextDown
    #expect(settings.dwell == Budget.maximumCount)
  }

  @Test("a report of each rung, with its own tolerance, step and ending")
  func soundReports() throws {
    #expect(try defect(Self.sound) == nil)
    let configuration = try Self.configuration()
    #expect(configuration.isComplete(Self.sound))
    #expect(!configuration.isComplete(Array(Self.sound.prefix(2))))
    #expect(configuration.defect(of: Array(Self.sound.prefix(2)), isComplete: false) == nil)
    let unknown = try #require(ReportEnding(word: "bored", isFinal: false))
    #expect(try defect([Self.report(0, step: 40, unknown, since: 15)] + Self.sound[1...]) == nil)
    let fixed = try Self.configuration(quiet: nil)
    let spent = [
      Self.report(0, step: 50, Self.spent), Self.report(1, step: 100, Self.spent),
      Self.report(2, step: 150, .budget),
    ]
    #expect(try defect(spent, of: fixed) == nil)
    #expect(try defect(Self.sound, of: fixed) != nil)
    #expect(try defect(spent) == nil)
  }

  @Test("a report from before the first step is refused where the images are unknown, too")
  func unknownImages() throws {
    let bounds = try ResultBounds(Self.configuration(quiet: nil), trainingImageCount: nil)
    #expect(bounds.defect(of: Self.report(0, step: 50, Self.spent)) == nil)
    for step in [0, -1] {
      #expect(bounds.defect(of: Self.report(0, step: step, Self.spent)) != nil)
    }
  }

  /// A change of sound reports that no traced trial can have.
  enum Flaw: String, CaseIterable {
    case tooFew, tooMany, swapped, otherTolerance, nextTolerance, earlyFinal, noFinal, goesOn
    case withinEpoch, beyondBudget, earlySpent, noStep, noSince, sinceInDwell, sinceInWindow
    case sinceOfSpent, gatesOfQuiet
  }

  @Test("hostile results are refused", arguments: Flaw.allCases)
  func refused(flaw: Flaw) throws {
    var reports = Self.sound
    switch flaw {
    case .tooFew: reports.removeLast()
    case .tooMany: reports.append(Self.report(2, step: 140, .quiet, since: 110))
    case .swapped: reports.swapAt(0, 1)
    case .otherTolerance: reports[1].tolerance = 21
    case .nextTolerance: reports[1].tolerance = 30
    case .earlyFinal: reports[0].ending = .quiet
    case .noFinal: reports[2].ending = Self.quiet
    case .goesOn: reports[1].ending = .goesOn
    case .withinEpoch: reports[2].step = 121
    case .beyondBudget: reports[2].step = 150
    case .earlySpent: reports[1].step = 80
    case .noStep: reports[1].step = 40
    case .noSince: reports[0].sinceStep = nil
    case .sinceInDwell: reports[2].sinceStep = 96
    case .sinceInWindow: reports[2].sinceStep = 101
    case .sinceOfSpent: reports[1].sinceStep = 50
    case .gatesOfQuiet: reports[2].alternatingGates = [1]
    }
    #expect(try defect(reports) != nil)
  }
}
