import Testing

@testable import Trials

/// Compares the direct writer with the general encoder.
@Suite("Canonical texts written without an encoder")
struct CanonicalTextTests {
  private var random = SystemRandomNumberGenerator()

  private mutating func number() -> Double {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: 0
    case 1: Double(Int.random(in: 0...1_000_000, using: &random))
    case 2: Double(Int.random(in: 1...1000, using: &random)) / 1000
    case 3: Double.random(in: 0...1, using: &random) * 1e-12
    case 4: Double.random(in: 1e15...1e22, using: &random)
    default: Double.random(in: 0...1e6, using: &random)
    }
  }

  private mutating func measurement() -> ParentMeasurement {
    ParentMeasurement(
      trial: TrialID(rawValue: .random(in: 0 ... .max, using: &random)),
      output: TrialOutput.allCases.randomElement(using: &random) ?? .mse, factor: number())
  }

  private mutating func configuration() -> TrialConfiguration {
    var configuration = TrialConfiguration(
      dataset: Dataset.allCases.randomElement(using: &random) ?? .mnist,
      model: ModelSettings(
        channels: (0..<3).map { _ in .random(in: 1...1024, using: &random) },
        latents: Bool.random(using: &random)
          ? .value(.random(in: 1...4096, using: &random)) : .measured(measurement())),
      tolerance: Bool.random(using: &random) ? .value(number()) : .measured(measurement()),
      milestones: (1...3).map {
        Bool.random(using: &random) ? .epochs($0) : .batches($0 * 100_000)
      }, seed: .random(in: 0 ... .max, using: &random))
    configuration.trainer.learningRate = .random(in: 1e-9...1, using: &random)
    configuration.trainer.batchSize = .random(in: 2...4096, using: &random)
    return configuration
  }

  @Test("a configuration's text is the encoder's, byte for byte")
  mutating func configurationText() {
    for _ in 0..<2000 {
      let configuration = configuration()
      #expect(configuration.canonicalText == CanonicalJSON.text(configuration))
    }
  }
}
