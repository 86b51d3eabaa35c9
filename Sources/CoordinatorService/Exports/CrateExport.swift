import Digests
import Files
import Foundation
import Reports
import Store
import Trials

/// Exports the outputs of a sweep to a separate folder, with sweep file, configurations and
/// provenance.
struct CrateExport {
  private static let sweepFile = "sweep.yaml"
  /// The names at the top of a crate besides figures and tables.
  private static let names: Set<String> = [
    sweepFile, ResearchCrate.name, OutputLedger.name, "PARTIAL", "configurations", "models",
    "trajectories", "logs", "figure2", "latents", "trials.csv", "trials.json", "provenance.csv",
    "report.html",
  ]

  /// The results of the sweep.
  let results: SweepResults
  /// The text of its sweep file.
  let sweepText: String
  /// The files of its trials.
  let files: TrialFiles

  /// Writes the crate.
  ///
  /// - Throws: ``ExportError``, `FileError`.
  func write(into folder: URL) throws -> SweepExport.Outcome {
    let target = try ExportFolder(folder) { name in
      Self.names.contains(name) || name.hasPrefix("figure") || name.hasPrefix("table1.")
        || name.hasPrefix("gates.") || name.hasPrefix("latents.") || name.hasSuffix(".new")
        || name.hasSuffix(".part")
    }.url
    var writer = ReportWriter(directory: target, load: files.content)
    let outcome = writer.write(results)
    var problems = outcome.problems.map { "\($0)" }
    var own = [(Self.sweepFile, Data(sweepText.utf8))]
    for trial in results.trials {
      let configuration = trial.result?.provenance.configuration ?? trial.planned.configuration
      let path = ResearchCrate.configurationPath(of: trial.planned.id)
      own.append((path, Data("\(configuration.canonicalText)\n".utf8)))
    }
    for (path, data) in own { try put(data, path, in: target) }
    for copy in outcome.copies {
      do {
        try put(try files.content(of: copy.artifact), copy.path, in: target)
        writer.note([copy])
      } catch {
        problems.append("\(copy.path): \(error)")
      }
    }
    let parts = try (own.map(\.0) + OutputLedger(in: target).paths).compactMap { path in
      try part(path, in: target)
    }
    let crate = ResearchCrate(
      of: results, files: parts, sweepFile: Self.sweepFile, published: Date())
    try DurableFile.write(crate.data, to: target.appending(path: ResearchCrate.name))
    return SweepExport.Outcome(
      text: """
        \(folder.appending(path: ResearchCrate.name).relativePath)
        \(parts.count) files are described; before you publish it, add a licence and its authors

        """, problems: problems)
  }

  private func put(_ data: Data, _ path: String, in folder: URL) throws(FileError) {
    let url = folder.appending(path: path)
    try FileError.makeFolder(url.deletingLastPathComponent())
    try DurableFile.write(data, to: url)
  }

  /// A file of the crate, if it exists.
  private func part(_ path: String, in folder: URL) throws(FileError) -> ResearchCrate.File? {
    let url = folder.appending(path: path)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let data = try WholeFile.read(url)
    return ResearchCrate.File(path: path, byteCount: data.count, digest: Digest.of(data))
  }
}
