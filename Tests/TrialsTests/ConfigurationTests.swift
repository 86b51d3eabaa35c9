import Foundation
import Testing

@testable import Trials

@Suite("Configurations")
struct ConfigurationTests {
  @Test("omitted trainer settings have their defaults, which the canonical text contains")
  func defaults() throws {
    let start = try #require(baselineText.range(of: ",\"trainer\":"))
    let short = baselineText[..<start.lowerBound] + ",\"trainer\":{\"kl_reduction\":\"sum\"}}"
    let decoded = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(short.utf8))
    #expect(decoded == baselineConfiguration())
    #expect(decoded.canonicalText == baselineText)
    let none = baselineText[..<start.lowerBound] + "}"
    let plain = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(none.utf8))
    #expect(plain.trainer == TrainerSettings())
  }

  @Test("a setting added later is encoded only if changed, so that identities stay the same")
  func laterSettings() throws {
    let later = TrainerSetting.all.filter(\.isNamedOnlyWhenChanged).map(\.key)
    #expect(later == ["posterior", "latent_traversals"])
    #expect(later.allSatisfy { !baselineText.contains($0) })
    var changed = baselineConfiguration()
    changed.trainer.posterior = .equation14
    #expect(changed.canonicalText.contains("\"posterior\":\"equation-14\""))
    #expect(changed.id != baselineConfiguration().id)
    let decoded = try CanonicalJSON.decode(
      TrialConfiguration.self, from: Data(changed.canonicalText.utf8))
    #expect(decoded == changed)
  }

  @Test("the defaults are the paper's (section IV)")
  func paper() {
    let settings = TrainerSettings()
    #expect(settings.batchSize == 64)
    #expect(settings.learningRate == 1e-3)
    #expect(settings.gateSteepness == 7)
    #expect(settings.constraintSmoothing == 0.99)
    #expect(settings.multiplierMinimum == 1e-5)
    #expect(settings.multiplierMaximum == 5)
    #expect(settings.klReduction == .meanOpen)
    #expect(settings.leakySlope == 0.02)
    #expect(settings.batchNormMomentum == 0.8)
  }

  @Test(
    "JSON that is not a configuration is refused with its place",
    arguments: [
      (
        "\"sum\"", "\"max\"",
        "trainer.kl_reduction: kl_reduction must be one of mean-open, sum, found max"
      ),
      (
        "\"batch_size\":64", "\"batch_size\":0",
        "trainer.batch_size: batch_size must be a whole number from 2 to 4096, found 0"
      ),
      (
        "\"leaky_slope\":0.02", "\"leaky_slope\":2",
        "trainer.leaky_slope: leaky_slope must be a number ≥ 0 and ≤ 1, found 2.0"
      ),
      (
        "\"latents\":5", "\"latents\":5,\"hidden\":1",
        "model.hidden: unknown key \"hidden\"; known keys: channels, latents"
      ),
      ("\"tolerance\":0,", "", "missing key \"tolerance\""),
      ("0123456789abcdef", "123", "seed: expected a seed of 16 hexadecimal digits, found \"123\""),
      (
        "0123456789abcdef", "+123456789abcdef",
        "seed: expected a seed of 16 hexadecimal digits, found \"+123456789abcdef\""
      ),
    ])
  func refused(old: String, new: String, message: String) {
    #expect(complaint(about: baselineText.replacing(old, with: new)) == message)
  }

  @Test("an unknown setting is refused, and the known ones are listed")
  func unknownSetting() {
    let text = baselineText.replacing("gate_steepness", with: "gate_stepness")
    let found = complaint(about: text)
    #expect(
      found?.hasPrefix("trainer.gate_stepness: unknown key \"gate_stepness\"; known keys: ") == true
    )
    #expect(found?.contains("gate_steepness") == true)
    let top = complaint(about: baselineText.replacing("\"tolerance\"", with: "\"tolerence\""))
    #expect(top?.hasPrefix("tolerence: unknown key \"tolerence\"; known keys: dataset") == true)
  }

  @Test("a measured parameter is unchanged by JSON")
  func measured() throws {
    var configuration = baselineConfiguration()
    let parent = TrialID(rawValue: 0xabc)
    configuration.tolerance = .measured(ParentMeasurement(trial: parent, output: .mse, factor: 1.5))
    configuration.model.latents = .measured(ParentMeasurement(trial: parent, output: .gatesOpen))
    let text = configuration.canonicalText
    #expect(
      text.contains(
        "\"tolerance\":{\"factor\":1.5,\"output\":\"mse\",\"trial\":\"0000000000000abc\"}"))
    #expect(
      try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8)) == configuration)
    #expect(configuration.parents == [parent])
  }

  @Test("a measured parameter is the parent's number to the bit")
  func resolved() throws {
    let parent = TrialID(rawValue: 1)
    let mse = 9.490000000000002
    var configuration = baselineConfiguration()
    configuration.tolerance = .measured(ParentMeasurement(trial: parent, output: .mse))
    configuration.model.latents = .measured(
      ParentMeasurement(trial: TrialID(rawValue: 2), output: .gatesOpen, factor: 1.5))
    #expect(configuration.parents == [parent, TrialID(rawValue: 2)])
    let resolved = try configuration.resolved { trial in
      trial == parent ? report(mse: mse) : report(gatesOpen: 5)
    }
    #expect(resolved.tolerance == .value(mse))
    #expect(resolved.model.latents == .value(8))
    #expect(resolved.parents.isEmpty)
    #expect(try resolved.resolvedTolerance() == mse)
    #expect(try resolved.resolvedLatents() == 8)
    #expect(resolved.seed == configuration.seed)
    // A configuration without measurements is resolved already.
    #expect(try baselineConfiguration().resolved { _ in nil } == baselineConfiguration())
  }

  @Test(
    "each output is the number of that name",
    arguments: [(TrialOutput.mse, 9.5), (.evaluationMSE, 9.75), (.gatesOpen, 4)])
  func outputs(output: TrialOutput, value: Double) {
    #expect(output.value(in: report()) == value)
  }

  @Test("a parent without result, or with a number out of range, is an error")
  func unresolved() {
    let parent = TrialID(rawValue: 1)
    var configuration = baselineConfiguration()
    configuration.tolerance = .measured(ParentMeasurement(trial: parent, output: .mse))
    #expect(throws: ConfigurationError.parentWithoutResult(parent)) {
      try configuration.resolved { _ in nil }
    }
    #expect(throws: ConfigurationError.parentWithoutResult(parent)) {
      try configuration.resolvedTolerance()
    }
    for mse in [-1, 2e6, Double.infinity] {
      #expect(
        throws: ConfigurationError.valueOutOfRange(
          setting: "tolerance", found: mse, expected: "0 to 1000000.0")
      ) { try configuration.resolved { _ in report(mse: mse) } }
    }
    #expect(throws: ConfigurationError.self) {
      try configuration.resolved { _ in report(mse: .nan) }
    }
    configuration.model.latents = .measured(ParentMeasurement(trial: parent, output: .gatesOpen))
    #expect(throws: ConfigurationError.self) {
      try configuration.resolved { _ in report(gatesOpen: 0) }
    }
    #expect(throws: ConfigurationError.parentWithoutResult(parent)) {
      try configuration.resolvedLatents()
    }
  }

  @Test("a configuration is valid as a whole")
  func valid() throws {
    try baselineConfiguration().validate()
    for dataset in Dataset.allCases {
      var configuration = baselineConfiguration()
      configuration.dataset = dataset
      configuration.model.channels = TrialConfiguration.defaultChannels(for: dataset)
      try configuration.validate()
    }
  }

  @Test("invalid combinations are refused")
  func invalid() {
    let changes: [(String, (inout TrialConfiguration) -> Void)] = [
      ("channels", { $0.model.channels = [8, 8] }),
      ("channels", { $0.model.channels = [8, 0, 8] }),
      ("channels", { $0.dataset = .dsprites }),
      ("latents", { $0.model.latents = .value(0) }),
      ("latents", { $0.model.latents = .value(4097) }),
      ("tolerance", { $0.tolerance = .value(-1) }),
      ("tolerance", { $0.tolerance = .value(.nan) }),
      ("tolerance", { $0.tolerance = .value(2e6) }),
      ("multiplier_minimum", { $0.trainer.multiplierMinimum = 6 }),
      ("milestones", { $0.milestones = [] }),
      ("milestones", { $0.milestones = [.batches(2), .batches(1)] }),
      ("milestones", { $0.milestones = [.batches(2), .batches(2)] }),
      ("milestones", { $0.milestones = [.batches(1), .epochs(2)] }),
    ]
    for (name, change) in changes {
      var configuration = baselineConfiguration()
      change(&configuration)
      do {
        try configuration.validate()
        Issue.record("\(configuration.canonicalText) is accepted")
      } catch {
        #expect(error.description.hasPrefix("\(name): found "), "\(error)")
      }
    }
  }
}
