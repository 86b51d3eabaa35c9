import Foundation
import Images
import TensorFiles
import Trials

/// Writes the model and the reconstructions of a finished trial.
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
