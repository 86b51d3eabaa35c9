import Files
import Foundation
import Reports
import Store
import Trials

/// `coordinator export`: what a sweep found, in the forms that other programs take.
package enum SweepExport {
  /// The forms.
  package enum Format: String, CaseIterable, Sendable {
    /// The network of one trial, for PyTorch.
    case pytorch
  }

  /// Writes an export and returns what to tell people.
  ///
  /// - Parameters:
  ///   - folder: The sweep's folder.
  ///   - trial: As people name trials; nil for all of them.
  ///   - out: Where the files go; nil for a folder below `exports` in the sweep's.
  /// - Throws: `StoreError`, ``AdministrationError``, ``ExportError``, `ReportError`, `FileError`.
  package static func perform(
    _ folder: URL, trial: String?, to format: Format, out: URL?
  ) throws -> String {
    let reader = try SweepReader.open(directory: folder)
    let exports = folder.appending(path: "exports")
    switch format {
    case .pytorch:
      guard let trial else { throw ExportError.trialExpected(format: format.rawValue) }
      let recorded = try reader.finishedTrial(trial, folder: folder)
      return try writeModel(
        of: recorded, from: TrialFiles(of: folder),
        into: out ?? exports.appending(path: "\(recorded.planned.id)-pytorch"))
    }
  }

  private static func writeModel(
    of trial: RecordedTrial, from files: TrialFiles, into folder: URL
  ) throws -> String {
    let export = try PyTorchExport(of: trial, load: files.content)
    let names = export.files.map(\.name)
    let target = try ExportFolder(folder) { names.contains($0) || $0 == "__pycache__" }
    for file in export.files {
      try DurableFile.write(file.data, to: target.url.appending(path: file.name))
    }
    let kept = export.keptDimensions
    let dimensions = kept.map(String.init).joined(separator: ", ")
    let rounded =
      export.isRounded
      ? "the trial multiplied in bf16; fp32 gives the same images but for bf16's rounding\n" : ""
    return """
      \(kept.count) of \(export.latents) dimensions are open\(kept.isEmpty ? "" : ": \(dimensions)")
      \(rounded)\(names.map { "\(folder.appending(path: $0).relativePath)\n" }.joined())
      """
        + "import model; network = model.load(); network.reconstruct(images)  # [B, C, H, W], 0 to 1\n"
  }
}
