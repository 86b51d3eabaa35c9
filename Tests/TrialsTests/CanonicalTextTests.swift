import Digests
import Foundation
import Testing

@testable import Trials

/// The fast ways beside the general ones.
@Suite("Canonical texts, written and read directly")
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

  private mutating func measurement() -> Trials.Measurement {
    Trials.Measurement(
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

  private mutating func result() -> TrialResult {
    TrialResult(
      milestones: (1...2).map { index in
        MilestoneReport(
          budget: .batches(index), step: index, gatesOpen: 2, mse: number(),
          evaluationMSE: number(), firstHitStep: index == 1 ? nil : 7, multiplier: number(),
          openProbabilities: (0..<Int.random(in: 0...5, using: &random)).map { _ in number() })
      },
      artifacts: ArtifactKind.allCases.map {
        Artifact(kind: $0, digest: Digest.of($0.rawValue), byteCount: 5)
      },
      provenance: TrialProvenance(
        configuration: configuration(), images: Digest.of("images"), host: "höst 1/2",
        processor: "a processor", instructionSet: "avx2", versions: ["kernel": "6.1", "a": ""],
        started: "2026-01-02T03:04:05Z", seconds: number(), processorSeconds: number(), steps: 2,
        secondPassShare: 0.25, peakResidentBytes: 1 << 33))
  }

  @Test("a configuration's text is the encoder's, byte for byte")
  mutating func configurationText() {
    for _ in 0..<2000 {
      let configuration = configuration()
      #expect(configuration.canonicalText == CanonicalJSON.text(configuration))
    }
  }

  @Test("a result is read as the decoder reads it, whether its configuration was expected or not")
  mutating func resultText() throws {
    for _ in 0..<500 {
      let result = result()
      let text = Array(CanonicalJSON.data(result))
      let digest = result.contentDigest
      for planned in [nil, result.provenance.configuration, configuration()] {
        let read = try TrialResult.read(text, expecting: digest, planned: planned)
        #expect(read.result == result)
        #expect(read.contentDigest == digest)
      }
    }
  }

  @Test("a result that was changed on the way, or spelt otherwise, is what the decoder says")
  mutating func otherTexts() throws {
    let result = result()
    let text = Array(CanonicalJSON.data(result))
    let digest = result.contentDigest
    let spaced = Array((String(decoding: text, as: UTF8.self) + " \n").utf8)
    #expect(try TrialResult.read(spaced, expecting: digest, planned: nil).result == result)
    var isSeen = (same: 0, other: 0, none: 0)
    for place in text.indices {
      var altered = text
      altered[place] ^= 1
      guard let read = try? TrialResult.read(altered, expecting: digest, planned: nil) else {
        isSeen.none += 1
        continue
      }
      let expected = try CanonicalJSON.decode(TrialResult.self, from: Data(altered))
      #expect(read.result == expected)
      #expect(read.contentDigest == expected.contentDigest)
      if read.contentDigest == digest { isSeen.same += 1 } else { isSeen.other += 1 }
    }
    #expect(isSeen.other > 0)
    #expect(isSeen.none > 0)
  }
}
