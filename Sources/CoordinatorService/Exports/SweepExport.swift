import Files
import Foundation
import Reports
import Store
import Trials

/// `coordinator export`: a sweep's results in formats of other programs.
package enum SweepExport {
  /// The formats.
  package enum Format: String, CaseIterable, Sendable {
    /// The network of one trial, for PyTorch.
    case pytorch
    /// Tables for data frames, comma-separated.
    case csv
    /// The same tables as lists of objects.
    case json
    /// The outputs with machine-readable provenance.
    case crate = "ro-crate"
  }

  /// What an export did.
  package struct Outcome: Sendable {
    /// The text for people: the files, and how to open them.
    package var text: String
    /// What is missing, and why.
    package var problems: [String] = []
  }

  /// Writes an export.
  ///
  /// - Parameters:
  ///   - folder: The sweep's folder.
  ///   - trial: A trial as people name it; nil for all.
  ///   - out: Where the files go; nil for a folder below `exports` in the sweep's.
  /// - Throws: `StoreError`, ``AdministrationError``, ``ExportError``, `ReportError`, `FileError`;
  ///   `OutputFolderError` for a symbolic link in the sweep's folder, if the files go there.
  package static func perform(
    _ folder: URL, trial: String?, to format: Format, out: URL?
  ) throws -> Outcome {
    let reader = try SweepReader.open(directory: folder)
    if out == nil { try OutFolder.requireNoLinks(folder) }
    let files = TrialFiles(of: folder)
    let exports = folder.appending(path: "exports")
    switch format {
    case .pytorch:
      guard let trial else { throw ExportError.trialExpected(format: format.rawValue) }
      let recorded = try reader.finishedTrial(trial, folder: folder)
      return try writeModel(
        of: recorded, from: files,
        into: out ?? exports.appending(path: "\(recorded.planned.id)-pytorch"))
    case .csv, .json:
      let results = try reader.results()
      let chosen = try trial.map {
        Set(try TrialSelector($0).selectAll(in: results.plan.trials).map(\.id))
      }
      return try writeTables(
        of: results, trials: results.trials.filter { chosen?.contains($0.planned.id) ?? true },
        as: format == .csv ? .csv : .json, from: files,
        into: out ?? exports.appending(path: format.rawValue))
    case .crate:
      guard trial == nil else { throw ExportError.noTrialExpected(format: format.rawValue) }
      return try CrateExport(
        results: try reader.results(), sweepText: try reader.sweepText(), files: files
      ).write(into: out ?? exports.appending(path: format.rawValue))
    }
  }

  private static func writeModel(
    of trial: RecordedTrial, from files: TrialFiles, into folder: URL
  ) throws -> Outcome {
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
    return Outcome(
      text: """
        \(kept.count) of \(export.latents) dimensions are open\(kept.isEmpty ? "" : ": \(dimensions)")
        \(rounded)\(list(names, in: folder))\
        import model; network = model.load(); network.reconstruct(images)  # [B, C, H, W], 0 to 1

        """)
  }

  private static func writeTables(
    of results: SweepResults, trials: [RecordedTrial], as form: TidyTables.Form,
    from files: TrialFiles, into folder: URL
  ) throws -> Outcome {
    let names = TidyTables.names.map { "\($0).\(form.rawValue)" }
    let target = try ExportFolder(folder) { names.contains($0) || $0.hasSuffix(".new") }
    let growing = GrowingFiles(in: target.url)
    let tables = TidyTables(
      of: trials, in: results, as: form, load: files.content, append: growing.append)
    let problems = try tables.write()
    let written = try growing.finish()
    let read = form == .csv ? "read_csv" : "read_json"
    return Outcome(
      text: list(written, in: folder)
        + "import pandas; trials = pandas.\(read)(\"trials.\(form.rawValue)\"); "
        + "the other tables join by the column trial\n",
      problems: problems.map { "\($0)" })
  }

  /// The files, one per line.
  static func list(_ names: [String], in folder: URL) -> String {
    names.map { "\(folder.appending(path: $0).relativePath)\n" }.joined()
  }
}
