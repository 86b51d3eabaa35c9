import Foundation
import Images
import TensorFiles
import Trials

/// Writes the model, the reconstructions and the latent traversals of a finished trial.
struct ResultFiles {
  private let configuration: TrialConfiguration
  private let trainer: Trainer
  private let images: ImageArchive
  private let directory: URL

  /// The files of a trial in its folder.
  init(
    configuration: TrialConfiguration, trainer: Trainer, images: ImageArchive, directory: URL
  ) {
    self.configuration = configuration
    self.trainer = trainer
    self.images = images
    self.directory = directory
  }

  /// Writes `model.safetensors`: every trained tensor and running statistic under its name in the
  /// equivalent PyTorch module, and γ as `gates.logit` (F64, `[n]`).
  ///
  /// `format` = `pt` says that names and layouts are PyTorch's.
  func writeModel() throws(TrialFailure) -> Artifact {
    let network = trainer.network
    let gates = trainer.state.gates
    var tensors = NetworkTensors.all(of: network)
    tensors.append(
      Safetensors.Tensor(name: "gates.logit", shape: [gates.count], elements: gates.logits))
    var metadata = self.metadata
    metadata["format"] = "pt"
    return try write(Safetensors(metadata: metadata, tensors: tensors), as: .model)
  }

  /// Writes `reconstructions.safetensors`: the first evaluation images, `originals` and
  /// `reconstructions`, each U8 `[K, H, W, C]`.
  func writeReconstructions() throws(TrialFailure) -> Artifact {
    let count = min(configuration.trainer.reconstructionCount, images.evaluationCount)
    let evaluation = Evaluation(
      network: trainer.network, images: images, gates: trainer.state.gates)
    let (originals, reconstructions) = evaluation.reconstructions(count: count)
    let shape = [count, images.shape.height, images.shape.width, images.shape.channels]
    let file = Safetensors(
      metadata: metadata,
      tensors: [
        Safetensors.Tensor(name: "originals", shape: shape, elements: originals),
        Safetensors.Tensor(name: "reconstructions", shape: shape, elements: reconstructions),
      ])
    return try write(file, as: .reconstructions)
  }

  /// Writes `latents.safetensors`: what ``LatentSurvey`` finds.
  ///
  /// | Tensor | Type, shape | Value |
  /// | --- | --- | --- |
  /// | `open` | U8 `[n]` | 1 if the gate is open |
  /// | `divergence`, `mean`, `deviation` | F64 `[n]` | over the evaluation images: mean KL, mean of μ, deviation of z |
  /// | `original`, `reconstruction` | U8 `[1, H, W, C]` | the image that the pictures begin at |
  /// | `rows` | I64 `[R]` | the dimensions drawn, by falling divergence |
  /// | `offsets` | F64 `[K]` | the steps of a row, in deviations from the mean |
  /// | `pictures` | U8 `[R, K, H, W, C]` | the decoded pictures |
  ///
  /// Without a dimension to draw, the last three are missing.
  func writeLatents() throws(TrialFailure) -> Artifact {
    let gates = trainer.state.gates
    let survey = Evaluation(network: trainer.network, images: images, gates: gates)
      .survey(configuration.trainer.posterior)
    let image = [images.shape.height, images.shape.width, images.shape.channels]
    func numbers(
      _ name: String, _ number: KeyPath<LatentSurvey.Dimension, Double>
    ) -> Safetensors.Tensor {
      Safetensors.Tensor(
        name: name, shape: [gates.count], elements: survey.dimensions.map { $0[keyPath: number] })
    }
    var tensors = [
      Safetensors.Tensor(
        name: "open", shape: [gates.count],
        elements: (0..<gates.count).map { UInt8(gates.isOpen($0) ? 1 : 0) }),
      numbers("divergence", \.divergence), numbers("mean", \.mean),
      numbers("deviation", \.deviation),
      Safetensors.Tensor(name: "original", shape: [1] + image, elements: survey.original),
      Safetensors.Tensor(
        name: "reconstruction", shape: [1] + image, elements: survey.reconstruction),
    ]
    if !survey.rows.isEmpty {
      let (rows, offsets) = (survey.rows, LatentSurvey.offsets)
      tensors += [
        Safetensors.Tensor(name: "rows", shape: [rows.count], elements: rows.map { Int64($0) }),
        Safetensors.Tensor(name: "offsets", shape: [offsets.count], elements: offsets),
        Safetensors.Tensor(
          name: "pictures", shape: [rows.count, offsets.count] + image, elements: survey.pictures),
      ]
    }
    return try write(Safetensors(metadata: metadata, tensors: tensors), as: .latents)
  }

  private var metadata: [String: String] {
    [
      "configuration": configuration.canonicalText,
      "evaluation_images": String(images.evaluationCount),
      "gates_open": String(trainer.state.gates.openCount),
      "step": String(trainer.state.step),
      "training_images": String(images.trainingCount),
      "trial": configuration.id.digits,
    ]
  }

  private func write(_ content: Safetensors, as kind: ArtifactKind) throws(TrialFailure) -> Artifact
  {
    var file = try PartialFile(at: directory.appending(path: kind.rawValue))
    try file.append(content.encoded())
    return try file.finish(as: kind)
  }
}
