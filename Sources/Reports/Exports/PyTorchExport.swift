import Foundation
import TensorFiles
import Trials

/// A trained network for PyTorch: `model.safetensors` without the closed dimensions, and
/// `model.py`, which reads it.
package struct PyTorchExport: Sendable {
  /// The latent dimensions that are kept, by their numbers in the trained network.
  package let keptDimensions: [Int]
  /// n, the number of latent dimensions of the trained network.
  package let latents: Int
  /// Whether the trial multiplied in bf16, so that fp32 gives slightly different numbers.
  package let isRounded: Bool
  /// Both files.
  package let files: [ExportedFile]

  /// The network of a finished trial.
  ///
  /// - Parameter load: Fetches a trial's file by its digest.
  /// - Throws: ``ReportError`` if the trial's model is missing or does not fit the trial.
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
