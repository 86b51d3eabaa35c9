import Digests
import Foundation
import Testing

@testable import Trials

@Suite("Identities and seeds")
struct TrialIDTests {
  @Test("a configuration's canonical text and identity are those of earlier releases")
  func golden() throws {
    let configuration = baselineConfiguration()
    #expect(configuration.canonicalText == baselineText)
    // printf '%s' "$text" | sha256sum | cut -c1-16
    #expect(configuration.id.digits == "5900c4ba8bfb89aa")
    let decoded = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(baselineText.utf8))
    #expect(decoded == configuration)
  }

  // Of each text, printf '%s' "$text" | sha256sum | cut -c1-16.
  @Test(
    "identities of trials on built-in sets are those of earlier releases",
    arguments: [
      (Dataset.mnist, "5900c4ba8bfb89aa"),
      (.dsprites, "8a6ebe0f073b2624"),
      (.shapes3d, "58d42c1873df81db"),
      (.cars3d, "68c46f7079bf9cdb"),
      (.cifar100, "77a8809004f0027e"),
      (.sprites28, "a2f9b4640aaab6ca"),
      (.sprites64, "ed3ff1bbd47f777b"),
    ])
  func identities(dataset: Dataset, id: String) throws {
    var configuration = baselineConfiguration()
    configuration.dataset = dataset
    let text = baselineText.replacing("\"mnist\"", with: "\"\(dataset.name)\"")
    #expect(configuration.canonicalText == text)
    #expect(configuration.id.digits == id)
  }

  @Test("a user's own set carries its shape in the configuration")
  func ownImages() throws {
    var configuration = baselineConfiguration()
    let shape = ImageShape(channels: 1, height: 28, width: 28)
    configuration.dataset = .own(try #require(OwnImages(name: "my-cells", shape: shape)))
    let text = baselineText.replacing("\"mnist\"", with: "\"my-cells@28x28x1\"")
    #expect(configuration.canonicalText == text)
    #expect(configuration.id.digits == "d9e98f3b09efcb40")
    let decoded = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(text.utf8))
    #expect(decoded == configuration)
    #expect(decoded.dataset.imageShape == shape)
    try decoded.validate()
  }

  @Test("an identity is the leading 64 bits of the digest")
  func leadingBits() {
    // SHA-256 of the empty text: e3b0c44298fc1c14…
    #expect(TrialID(ofCanonicalText: "").rawValue == 0xe3b0_c442_98fc_1c14)
    #expect(TrialID(ofCanonicalText: "").digits == "e3b0c44298fc1c14")
    #expect(TrialID(rawValue: 1).description == "t0000000000000001")
  }

  @Test("shown identities begin with a letter, stored ones do not, and both are read")
  func letter() throws {
    // As digits alone, pandas and spreadsheets read 9·10²⁹¹⁶⁵⁷⁸⁴⁸⁸⁷⁸⁵³, which is infinite.
    let trial = try #require(TrialID("9e29165784887853"))
    #expect("\(trial)" == "t9e29165784887853")
    #expect(TrialID("t9e29165784887853") == trial)
    #expect(TrialID("T9E29165784887853") == trial)
    for text in ["\"t9e29165784887853\"", "\"9e29165784887853\""] {
      let decoded = try CanonicalJSON.decode(TrialID.self, from: Data(text.utf8))
      #expect(decoded == trial)
      #expect(CanonicalJSON.text(decoded) == "\"9e29165784887853\"")
    }
    #expect(TrialID("tt9e29165784887853") == nil)
  }

  @Test("a configuration that names its parent with the letter has the same identity")
  func parentWithLetter() throws {
    var configuration = baselineConfiguration()
    let parent = TrialID(rawValue: 0x9e29_1657_8488_7853)
    configuration.tolerance = .measured(ParentMeasurement(trial: parent, output: .mse))
    let text = configuration.canonicalText
    #expect(text.contains("\"trial\":\"9e29165784887853\""))
    let shown = text.replacing("9e29165784887853", with: "\(parent)")
    let decoded = try CanonicalJSON.decode(TrialConfiguration.self, from: Data(shown.utf8))
    #expect(decoded.id == configuration.id)
  }

  @Test("16 hexadecimal digits name a trial, anything else does not")
  func text() {
    #expect(TrialID("0123456789abcdef")?.rawValue == 0x0123_4567_89ab_cdef)
    #expect(TrialID("0123456789ABCDEF") == TrialID("0123456789abcdef"))
    for text in ["", "0123", "0123456789abcdefa", "+123456789abcdef", "0123456789abcdeg"] {
      #expect(TrialID(text) == nil, "\(text)")
    }
  }

  @Test("identities are ordered and written as numbers")
  func order() {
    #expect(TrialID(rawValue: 2) < TrialID(rawValue: 10))
    #expect(CanonicalJSON.text([TrialID(rawValue: 255)]) == "[\"00000000000000ff\"]")
  }

  @Test("a seed is hashed from sweep seed, replicate and content")
  func seed() {
    // The text hashed is 1/0/ and the canonical text with milestones [] and sixteen zeros as seed.
    let seed = TrialConfiguration.deriveSeed(
      sweepSeed: 1, replicate: 0, configuration: baselineConfiguration())
    #expect(seed == 0xcf34_af01_a738_cdcb)
  }

  @Test("milestones and the previous seed do not change the derived seed")
  func independent() {
    var other = baselineConfiguration()
    other.milestones = [.epochs(3), .epochs(5)]
    other.seed = 7
    #expect(seed(of: other) == seed(of: baselineConfiguration()))
  }

  @Test("sweep seed, replicate and everything else change it")
  func dependent() {
    let configuration = baselineConfiguration()
    var seeds: Set<UInt64> = [seed(of: configuration)]
    seeds.insert(seed(of: configuration, sweepSeed: 2))
    seeds.insert(seed(of: configuration, replicate: 1))
    let changes: [(inout TrialConfiguration) -> Void] = [
      { $0.dataset = .sprites28 }, { $0.model.latents = .value(6) },
      { $0.model.channels = [8, 8, 8] }, { $0.tolerance = .value(1) },
      { $0.tolerance = .measured(ParentMeasurement(trial: TrialID(rawValue: 1), output: .mse)) },
      { $0.trainer.gateSteepness = 8 },
    ]
    for change in changes {
      var changed = configuration
      change(&changed)
      seeds.insert(seed(of: changed))
    }
    #expect(seeds.count == 3 + changes.count)
  }

  private func seed(
    of configuration: TrialConfiguration, sweepSeed: UInt64 = 1, replicate: Int = 0
  ) -> UInt64 {
    TrialConfiguration.deriveSeed(
      sweepSeed: sweepSeed, replicate: replicate, configuration: configuration)
  }
}
