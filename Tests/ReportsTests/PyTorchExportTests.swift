import Autoencoder
import Digests
import Foundation
import TensorFiles
import TestSupport
import Testing
import Trials

@testable import Reports

@Suite("A network for PyTorch")
struct PyTorchExportTests {
  /// A network with synthetic parameters, and its gates.
  struct Case: CustomTestStringConvertible, Sendable {
    var dataset: Dataset
    var channels: [Int]
    var open: [Bool]
    var posterior = Posterior.logVariance
    var testDescription: String { "\(dataset.name), \(open), \(posterior.rawValue)" }

    static let all = [
      Case(dataset: .mnist, channels: [4, 6, 8], open: [true, false, false, true, true]),
      Case(
        dataset: .mnist, channels: [4, 6, 8], open: [false, true], posterior: .equation14),
      Case(dataset: .shapes3d, channels: [4, 5, 6, 7], open: [false, true, true, false]),
      Case(dataset: .mnist, channels: [4, 4, 4], open: [true, true]),
      Case(dataset: .mnist, channels: [4, 4, 4], open: [false, false]),
    ]
  }

  /// The trial of a case, its network and its file.
  private struct Trained {
    var network: Autoencoder
    var sweep: SampleSweep
    var trial: RecordedTrial { sweep.results.trials[0] }
  }

  private func trained(_ item: Case, cut: String? = nil) throws -> Trained {
    var configuration = TrialConfiguration(
      dataset: item.dataset,
      model: ModelSettings(channels: item.channels, latents: .value(item.open.count)),
      tolerance: .value(3), milestones: [.batches(100)], seed: 1)
    configuration.trainer.posterior = item.posterior
    let network = try Autoencoder(
      shape: try NetworkShape(
        image: item.dataset.imageShape, channels: item.channels, latents: item.open.count),
      batchSize: 4,
      settings: AutoencoderSettings(
        leakySlope: configuration.trainer.leakySlope,
        batchNormMomentum: configuration.trainer.batchNormMomentum,
        batchNormEpsilon: configuration.trainer.batchNormEpsilon))
    var numbers = RandomNumbers(seed: 7)
    for tensor in network.tensors {
      let scale = 1 / Float(max(tensor.fanIn, 1)).squareRoot()
      for index in tensor.range {
        network.parameters[index] =
          tensor.fanIn == 0
          ? 1 + Float(numbers.next()) / 2
          : 2 * scale * Float(numbers.next())
      }
    }
    for index in network.runningStatistics.indices {
      network.runningStatistics[index] = 0.6 + 0.4 * Float(numbers.next())
    }
    network.parametersChanged()

    var tensors = zip(
      [network.tensors, network.statistics], [network.parameters, network.runningStatistics]
    ).flatMap { descriptors, values in
      descriptors.map { tensor in
        Safetensors.Tensor(
          name: tensor.name, shape: tensor.shape, elements: values[tensor.range].map { $0 })
      }
    }
    if let cut {
      tensors.removeAll { $0.name == cut }
      tensors.append(.init(name: cut, shape: [2], elements: [Float](repeating: 0, count: 2)))
    }
    tensors.append(
      .init(
        name: "gates.logit", shape: [item.open.count], elements: item.open.map { $0 ? 1.0 : -1 }))

    let planned = PlannedTrial(stage: "narrowed", replicate: 0, configuration: configuration)
    var sweep = SampleSweep(outputs: [], trials: [planned])
    sweep.complete(0, gatesOpen: [item.open.count { $0 }], mse: 2)
    sweep.results.trials[0].result?.milestones[0].openProbabilities =
      item.open.map { $0 ? 0.9 : 0.5 }
    sweep.replace(.model, of: 0, with: Safetensors(metadata: [:], tensors: tensors).encoded())
    return Trained(network: network, sweep: sweep)
  }

  @Test(
    "reconstructs like the trained network with hard gates, to 1e-5",
    .enabled(if: PyTorch.interpreter != nil, PyTorch.need), arguments: Case.all)
  func agrees(_ item: Case) throws {
    let trained = try trained(item)
    let (network, shape) = (trained.network, item.dataset.imageShape)
    let export = try PyTorchExport(of: trained.trial, load: trained.sweep.load)
    #expect(export.keptDimensions == item.open.indices.filter { item.open[$0] })
    let folder = try TemporaryFolder()
    for file in export.files { try file.data.write(to: folder.url.appending(path: file.name)) }

    var numbers = RandomNumbers(seed: 8)
    for index in network.images.indices {
      network.images[index] = Float(abs(numbers.next()))
    }
    let (count, latents) = (network.batchSize, item.open.count)
    // Ours are [B, H, W, C], PyTorch's [B, C, H, W].
    let pixels = shape.height * shape.width
    func turned(_ values: some Collection<Float>) -> [Float] {
      let values = Array(values)
      return (0..<count).flatMap { image in
        (0..<shape.channels).flatMap { channel in
          (0..<pixels).map { values[(image * pixels + $0) * shape.channels + channel] }
        }
      }
    }
    let images = turned(network.images)
    network.infer(count: count)
    let kept = export.keptDimensions
    let mean = (0..<count).flatMap { row in kept.map { network.posteriorMean[row * latents + $0] } }
    let deviation = (0..<count).flatMap { row in
      kept.map { dimension -> Float in
        let spread = network.posteriorLogVariance[row * latents + dimension]
        return item.posterior == .equation14 ? exp(spread) : exp(spread / 2)
      }
    }
    for index in 0..<count * latents {
      network.latents[index] = item.open[index % latents] ? network.posteriorMean[index] : 0
    }
    network.reconstruct(count: count)
    let expected = turned(network.reconstructions) + mean + deviation

    let (source, target) = (folder.url.appending(path: "in"), folder.url.appending(path: "out"))
    try images.withUnsafeBytes { try Data($0).write(to: source) }
    let run = try PyTorch.run(
      script: PyTorch.reconstruct, folder.url.path,
      "\(count),\(shape.channels),\(shape.height),\(shape.width)", source.path, target.path)
    try #require(run.code == 0, "\(run.errors)")
    let found = try Data(contentsOf: target).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    try #require(found.count == expected.count)
    let furthest = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
    #expect(furthest <= 1e-5)
    // Otherwise a constant image would do.
    #expect(Set(expected.prefix(pixels)).count > pixels / 4)
  }

  @Test("closed dimensions are removed from every tensor, the others are unchanged")
  func cut() throws {
    let trained = try trained(Case.all[0])
    let export = try PyTorchExport(of: trained.trial, load: trained.sweep.load)
    let data = try #require(export.files.first { $0.name == "model.safetensors" }?.data)
    let file = try Safetensors(parsing: data)
    #expect(file["encoder.linear2.weight"]?.shape == [6, 128])
    #expect(file["encoder.linear2.bias"]?.shape == [6])
    #expect(file["decoder.linear1.weight"]?.shape == [128, 3])
    #expect(file["gates.logit"] == nil)
    #expect(file.metadata["kept_dimensions"] == "0,3,4")
    #expect(file.metadata["trained_latents"] == "5")
    let network = trained.network
    let column = try #require(network.tensors.first { $0.name == "decoder.linear1.weight" })
    let values = try #require(file["decoder.linear1.weight"]?.elements(as: Float.self))
    #expect(values[4] == network.parameters[column.range.lowerBound + 5 + 3])
  }

  @Test(
    "a model that is not the trial's is an error that names the tensor",
    arguments: ["encoder.linear2.weight", "encoder.linear2.bias", "decoder.linear1.weight"])
  func foreign(_ tensor: String) throws {
    let trained = try trained(Case.all[0], cut: tensor)
    let error = #expect(throws: ReportError.self) {
      try PyTorchExport(of: trained.trial, load: trained.sweep.load)
    }
    #expect("\(try #require(error))".contains("tensor \(tensor): found F32 [2], expected F32 ["))
  }

  @Test("a malformed or missing model is an error that names the trial")
  func unreadable() throws {
    var sweep = try trained(Case.all[0]).sweep
    let id = sweep.results.trials[0].planned.id
    sweep.replace(.model, of: 0, with: Data("no model".utf8))
    let malformed = #expect(throws: ReportError.self) {
      try PyTorchExport(of: sweep.results.trials[0], load: sweep.load)
    }
    #expect("\(try #require(malformed))".hasPrefix("trial \(id): model.safetensors, offset"))
    sweep.files = [:]
    let missing = #expect(throws: ReportError.self) {
      try PyTorchExport(of: sweep.results.trials[0], load: sweep.load)
    }
    #expect("\(try #require(missing))".contains("cannot be had"))
  }
}
