import Autoencoder
import Digests
import Foundation
import Images
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Narrowing

@Suite("What latent dimensions show")
struct LatentSurveyTests {
  private let temporary: TemporaryFolder
  private let images: ImageArchive

  init() throws {
    temporary = try TemporaryFolder()
    images = try TinyTrial.archive(in: temporary.url)
  }

  private func run(
    _ name: String, _ traversals: LatentTraversals, tolerance: Double = 100, threads: Int = 1
  ) throws -> (result: TrialResult, folder: URL) {
    var configuration = TinyTrial.configuration(milestones: [4, 9], tolerance: tolerance)
    configuration.trainer.latentTraversals = traversals
    let folder = try temporary.folder(name)
    let result = try TrialRunner(
      configuration: configuration, images: images, directory: folder,
      options: .init(threads: threads)
    ).run()
    return (result, folder)
  }

  private func file(_ kind: ArtifactKind, in folder: URL) throws -> Safetensors {
    try Safetensors(contentsOf: folder.appending(path: kind.rawValue))
  }

  @Test("a trial that records them has the numbers and tensors of one that does not")
  func sameNumbers() throws {
    let (plain, plainFolder) = try run("plain", .omitted)
    let (recorded, folder) = try run("recorded", .recorded)
    #expect(plain.artifacts.map(\.kind) == [.model, .trajectory, .reconstructions, .pace])
    #expect(
      recorded.artifacts.map(\.kind) == [.model, .trajectory, .reconstructions, .latents, .pace])
    #expect(recorded.milestones == plain.milestones)
    #expect(recorded.artifacts[1] == plain.artifacts[1])
    for kind in [ArtifactKind.model, .reconstructions] {
      #expect(try file(kind, in: folder).tensors == file(kind, in: plainFolder).tensors)
    }
    let latents = try #require(recorded.artifacts.first { $0.kind == .latents })
    let data = try Data(contentsOf: folder.appending(path: latents.kind.rawValue))
    #expect(Digest.of(data) == latents.digest)
    #expect(data.count == latents.byteCount)
  }

  @Test("the file has the same bytes for any number of threads", arguments: [2, 4])
  func threads(count: Int) throws {
    let one = try run("one", .recorded).result
    let several = try run("several", .recorded, threads: count).result
    #expect(
      several.artifacts.filter { $0.kind.isDeterministic }
        == one.artifacts.filter { $0.kind.isDeterministic })
  }

  @Test("it has every dimension, and a row of pictures for each open one by falling divergence")
  func content() throws {
    // A baseline keeps every gate open.
    let folder = try run("trial", .recorded, tolerance: 0).folder
    let found = try file(.latents, in: folder)
    #expect(found["open"]?.elements(as: UInt8.self) == [1, 1, 1])
    let divergences = try #require(found["divergence"]?.elements(as: Double.self))
    #expect(divergences.count == 3 && divergences.allSatisfy { $0 > 0 })
    let rows = try #require(found["rows"]?.elements(as: Int64.self)).map { Int($0) }
    #expect(rows == [0, 1, 2].sorted { divergences[$0] > divergences[$1] })
    #expect(found["pictures"]?.shape == [3, 13, 28, 28, 1])
    #expect(found["offsets"]?.elements(as: Double.self)?.first == -3)
    #expect(found["offsets"]?.elements(as: Double.self)?.last == 3)
    #expect(found["original"]?.elements(as: UInt8.self) == TinyTrial.pixels(42))
    let shown = try file(.reconstructions, in: folder)
    let first = try #require(shown["reconstructions"]?.elements(as: UInt8.self)).prefix(28 * 28)
    #expect(found["reconstruction"]?.elements(as: UInt8.self) == Array(first))
    #expect(found.metadata["evaluation_images"] == "10")
  }

  /// Sums in another order than the survey: each dimension alone, image by image.
  @Test("divergence, mean and deviation are those of the posteriors", arguments: Posterior.allCases)
  func numbers(reading: Posterior) throws {
    let trainer = try TinyTrial.trainer(tolerance: 100)
    try TinyTrial.train(trainer, steps: 5)
    let evaluation = Evaluation(
      network: trainer.network, images: images, gates: trainer.state.gates)
    let survey = evaluation.survey(reading)
    var posteriors: [[(mean: Double, logVariance: Double)]] = []
    for index in 0..<10 {
      let destination = try #require(trainer.network.images.baseAddress)
      [UInt32(index)].withUnsafeBufferPointer {
        images.copyImages(.evaluation, indices: $0, into: destination)
      }
      trainer.network.infer(count: 1)
      posteriors.append(
        (0..<3).map {
          (
            Double(trainer.network.posteriorMean[$0]),
            Double(trainer.network.posteriorLogVariance[$0])
          )
        })
    }
    for dimension in 0..<3 {
      let values = posteriors.map { $0[dimension] }
      let divergence = values.reduce(0) {
        $0 + (exp($1.logVariance) + $1.mean * $1.mean - 1 - $1.logVariance) / 2
      }
      let mean = values.reduce(0) { $0 + $1.mean } / 10
      let spread = values.reduce(0) { $0 + ($1.mean - mean) * ($1.mean - mean) } / 10
      let noise = values.reduce(0) {
        $0 + exp(reading == .equation14 ? 2 * $1.logVariance : $1.logVariance)
      }
      let found = survey.dimensions[dimension]
      #expect(abs(found.divergence - divergence / 10) < 1e-9)
      #expect(abs(found.mean - mean) < 1e-9)
      #expect(abs(found.deviation - (spread + noise / 10).squareRoot()) < 1e-9)
    }
  }

  @Test("a picture moves one dimension and keeps the others at the first image's encoding")
  func pictures() throws {
    let trainer = try TinyTrial.trainer(tolerance: 0)
    try TinyTrial.train(trainer, steps: 5)
    let evaluation = Evaluation(
      network: trainer.network, images: images, gates: trainer.state.gates)
    let survey = evaluation.survey(.logVariance)
    _ = evaluation.reconstructions(count: 1)
    let network = trainer.network
    let encoding = (0..<3).map { network.latents[$0] }
    for (row, dimension) in survey.rows.enumerated() {
      for column in [0, 6, 12] {
        for index in 0..<3 { network.latents[index] = encoding[index] }
        let moved = survey.dimensions[dimension]
        network.latents[dimension] = Float(moved.mean + (Double(column) / 2 - 3) * moved.deviation)
        network.reconstruct(count: 1)
        let first = (row * 13 + column) * 784
        #expect(
          Array(survey.pictures[first..<first + 784])
            == network.reconstructions.prefix(784).map(Evaluation.byte))
      }
    }
  }

  @Test("without an open gate there are no pictures")
  func closed() throws {
    let trainer = try TinyTrial.trainer(tolerance: 100)
    try TinyTrial.train(trainer, steps: 2)
    let gates = Gates(
      steepness: 7, logits: [-1, -1, -1], moments: Array(repeating: Adam.Moments(), count: 3))
    let survey = Evaluation(network: trainer.network, images: images, gates: gates)
      .survey(.logVariance)
    #expect(survey.rows.isEmpty && survey.pictures.isEmpty)
    #expect(survey.dimensions.count == 3)
    #expect(survey.original == TinyTrial.pixels(42))
  }

  @Test("rows: by falling divergence, the first of equal ones, at most 32, none without numbers")
  func rows() {
    func dimension(_ divergence: Double, mean: Double = 0) -> LatentSurvey.Dimension {
      LatentSurvey.Dimension(divergence: divergence, mean: mean, deviation: 1)
    }
    let some = [
      dimension(1), dimension(.nan), dimension(3), dimension(9), dimension(3),
      dimension(.infinity), dimension(2, mean: .nan), dimension(0),
    ]
    #expect(LatentSurvey.rows(of: some) { $0 != 3 } == [2, 4, 0, 7])
    let many = (0..<60).map { dimension(Double($0)) }
    #expect(LatentSurvey.rows(of: many) { _ in true } == Array((28..<60).reversed()))
    #expect(LatentSurvey.rows(of: some) { _ in false }.isEmpty)
  }

  @Test("a value that is no number becomes a black pixel")
  func bytes() {
    #expect([0, 0.5, 1, .nan].map(Evaluation.byte) == [0, 128, 255, 0])
  }
}
