import Foundation
import TensorFiles
import Trials

/// A trained network without the latent dimensions whose gates are closed.
///
/// A closed gate multiplies its dimension by 0. So removing the encoder's rows and the decoder's
/// column of this dimension does not change any reconstruction.
struct NarrowedModel {
  /// The input of `model.py`: the tensors, and metadata that their shapes do not imply.
  let file: Safetensors
  /// The latent dimensions that are kept, by their numbers in the trained network.
  let keptDimensions: [Int]
  /// n, the number of latent dimensions of the trained network.
  let latents: Int

  /// The tensors that change: those of the layer that computes (μ, ℓ), and of the layer that reads
  /// z.
  private enum Name {
    static let posteriorWeight = "encoder.linear2.weight"
    static let posteriorBias = "encoder.linear2.bias"
    static let latentWeight = "decoder.linear1.weight"
    static let gates = "gates.logit"
  }

  /// Reads `model.safetensors` of a trial and removes the closed dimensions.
  ///
  /// - Throws: ``FormatError`` naming a tensor that does not fit the trial's network.
  init(_ data: Data, of trial: RecordedTrial) throws(FormatError) {
    guard let result = trial.result, let report = result.milestones.last else {
      preconditionFailure("only a finished trial has a model")
    }
    let configuration = result.provenance.configuration
    let model = try Safetensors.read(data)
    let shape: NetworkShape
    do {
      shape = try NetworkShape(
        image: configuration.dataset.imageShape, channels: configuration.model.channels,
        latents: configuration.resolvedLatents())
    } catch {
      throw FormatError(
        place: "configuration", found: "\(error)", expected: "that of a trained network")
    }
    let (latents, hidden) = (shape.latents, shape.hidden)
    let kept = report.openProbabilities.indices.filter { report.openProbabilities[$0] > 0.5 }
    guard report.openProbabilities.count == latents else {
      throw FormatError(
        place: "the last report", found: "\(report.openProbabilities.count) gates",
        expected: "\(latents)")
    }
    let rows = kept + kept.map { latents + $0 }
    var tensors: [Safetensors.Tensor] = []
    for tensor in model.tensors where tensor.name != Name.gates {
      switch tensor.name {
      case Name.posteriorWeight:
        let values = try Self.elements(tensor, [2 * latents, hidden])
        tensors.append(
          .init(
            name: tensor.name, shape: [rows.count, hidden],
            elements: rows.flatMap { values[$0 * hidden..<($0 + 1) * hidden] }))
      case Name.posteriorBias:
        let values = try Self.elements(tensor, [2 * latents])
        tensors.append(
          .init(name: tensor.name, shape: [rows.count], elements: rows.map { values[$0] }))
      case Name.latentWeight:
        let values = try Self.elements(tensor, [hidden, latents])
        tensors.append(
          .init(
            name: tensor.name, shape: [hidden, kept.count],
            elements: (0..<hidden).flatMap { row in kept.map { values[row * latents + $0] } }))
      default:
        guard tensor.elementType == .float32 else {
          throw FormatError(
            place: "tensor \(PlainText.line(tensor.name))", found: Safetensors.describe(tensor),
            expected: "F32 [\(tensor.shape.map(String.init).joined(separator: ", "))]")
        }
        tensors.append(tensor)
      }
    }
    for name in [Name.posteriorWeight, Name.posteriorBias, Name.latentWeight]
    where model[name] == nil {
      throw FormatError(place: "tensor \(name)", found: "nothing", expected: "a tensor")
    }
    self.latents = latents
    keptDimensions = kept
    file = Safetensors(
      metadata: Self.metadata(of: trial, configuration, kept: kept, latents: latents),
      tensors: tensors)
  }

  private static func elements(
    _ tensor: Safetensors.Tensor, _ shape: [Int]
  ) throws(FormatError) -> [Float] {
    guard tensor.shape == shape, let values = tensor.elements(as: Float.self) else {
      throw FormatError(
        place: "tensor \(tensor.name)", found: Safetensors.describe(tensor),
        expected: "F32 \(shape)")
    }
    return values
  }

  private static func metadata(
    of trial: RecordedTrial, _ configuration: TrialConfiguration, kept: [Int], latents: Int
  ) -> [String: String] {
    let settings = configuration.trainer
    return [
      "batch_norm_epsilon": settings.batchNormEpsilon.description,
      "configuration": configuration.canonicalText,
      "format": "pt",
      "kept_dimensions": kept.map(String.init).joined(separator: ","),
      "leaky_slope": settings.leakySlope.description,
      "posterior": settings.posterior.rawValue,
      "precision": settings.precision.rawValue,
      "trained_latents": String(latents),
      "trial": trial.planned.id.description,
    ]
  }
}
