import Foundation
import TensorFiles
import Trials

/// A trained network for PyTorch: `model.safetensors`, in which the closed dimensions are cut out,
/// and `model.py`, which reads it.
package struct PyTorchExport: Sendable {
  /// The latent dimensions that stay, by their numbers in the trained network.
  package let keptDimensions: [Int]
  /// n, how many latent dimensions the trained network has.
  package let latents: Int
  /// Whether the trial multiplied in bf16, so that fp32 gives other digits.
  package let isRounded: Bool
  /// Both files.
  package let files: [ExportedFile]

  /// The network of a finished trial.
  ///
  /// - Parameter load: Fetches a trial's file by its content.
  /// - Throws: ``ReportError`` when the trial's model cannot be had or is no model of this trial.
  package init(
    of trial: RecordedTrial, load: @escaping (Artifact) throws -> Data
  ) throws(ReportError) {
    let model = try ArtifactLoader(load: load).parse(.model, of: trial) {
      try NarrowedModel($0, of: trial)
    }
    keptDimensions = model.keptDimensions
    latents = model.latents
    isRounded = trial.planned.configuration.trainer.precision != .fp32
    files = [
      ExportedFile(name: "model.safetensors", data: model.file.encoded()),
      ExportedFile(name: "model.py", data: Data(PyTorchScript.text.utf8)),
    ]
  }
}
