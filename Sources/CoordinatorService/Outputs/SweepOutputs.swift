import Digests
import Files
import Foundation
import Glibc
import Logging
import Reports
import Store
import Synchronization
import Transfers
import Trials

/// Writes the outputs of a sweep from its record.
final class SweepOutputs: Sendable {
  private let folder: URL
  private let blobs: BlobStore
  private let logger: Logger
  private let writer: Mutex<ReportWriter>
  private let reader: SweepReader
  /// The copies that are in place, by their paths.
  private let provided = Mutex<[String: Digest]>([:])
  /// The trajectories so far that are in place, by trial.
  private let partial = Mutex<[TrialID: Int]>([:])
  /// Whether files with former names have been renamed.
  private let isRenamed = Mutex(false)
  /// Most running trials whose trajectory so far is shown.
  private static let partialCountMaximum = 64
  /// Most problems shown per write.
  private static let problemCountMaximum = 10

  /// The outputs of a sweep's folder.
  ///
  /// - Parameters:
  ///   - reader: Reads the sweep's record.
  ///   - blobs: Where the files of its results are.
  init(folder: URL, reader: SweepReader, blobs: BlobStore, logger: Logger) {
    self.folder = folder
    self.logger = logger
    self.reader = reader
    self.blobs = blobs
    writer = Mutex(
      ReportWriter(directory: folder) { try Self.content(of: blobs.url(for: $0.digest)) })
  }

  private static func content(of url: URL) throws(FileError) -> Data {
    try FileError.wording("read", url) { try Data(contentsOf: url) }
  }

  /// Updates every output; returns the text for people: the front and the files.
  @discardableResult
  func write() throws -> String {
    let results = try reader.results()
    isRenamed.withLock { isRenamed in
      if !isRenamed { FormerNames.replace(in: folder) }
      isRenamed = true
    }
    let (outcome, counts) = writer.withLock { ($0.write(results), $0.counts) }
    for problem in outcome.problems.prefix(Self.problemCountMaximum) {
      logger.warning("\(problem)")
    }
    let more = outcome.problems.count - Self.problemCountMaximum
    if more > 0 { logger.warning("\(more) more reports have such problems") }
    try provided.withLock { provided in
      for copy in outcome.copies where provided[copy.path] != copy.artifact.digest {
        if blobs.contains(copy.artifact.digest) { writer.withLock { $0.note(copy) } }
        try provide(copy)
        provided[copy.path] = copy.artifact.digest
      }
      for trial in results.trials where !trial.discards.isEmpty && trial.result == nil {
        for path in Self.paths(of: trial.planned.id) {
          try? FileManager.default.removeItem(at: folder.appending(path: path))
          provided[path] = nil
          writer.withLock { $0.forget(path) }
        }
      }
    }
    try showPartialTrajectories(of: results)
    let mixture = try reader.origins().map(SweepStatus.Origin.init).mixture
    return FrontTable.text(of: results, counts: counts) + (mixture.map { "\($0)\n" } ?? "") + "\n"
      + places(of: results.plan.outputs)
  }

  /// The files of a trial's result beside the tables.
  private static func paths(of trial: TrialID) -> [String] {
    ["models/\(trial).safetensors", "trajectories/\(trial).csv", "figure2/\(trial).png"]
  }

  /// Writes the trajectories so far of running trials as `<trial>.partial.csv`, and removes those
  /// of trials that no longer run.
  private func showPartialTrajectories(of results: SweepResults) throws {
    let running = results.trials.filter { $0.status == .running }.map(\.planned.id)
    let texts = try reader.trajectories(of: Array(running.prefix(Self.partialCountMaximum)))
    try partial.withLock { shown in
      // Also those that another process has put there, or one that was killed.
      for trial in partialTrajectories() where texts[trial] == nil {
        try? FileManager.default.removeItem(at: partialTrajectory(of: trial))
        shown[trial] = nil
      }
      for (trial, text) in texts where shown[trial] != text.count {
        let target = partialTrajectory(of: trial)
        try Self.makeFolder(of: target)
        try DurableFile.write(Data(text), to: target)
        shown[trial] = text.count
      }
    }
  }

  /// Creates the folder of a file; does not recreate the sweep's folder if it was removed.
  private static func makeFolder(of file: URL) throws(FileError) {
    let folder = file.deletingLastPathComponent().path
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw FileError("mkdir", folder) }
  }

  private static let partialEnding = ".partial.csv"

  private func partialTrajectory(of trial: TrialID) -> URL {
    folder.appending(path: "trajectories/\(trial)\(Self.partialEnding)")
  }

  /// The trials that have a partial trajectory in the folder.
  private func partialTrajectories() -> [TrialID] {
    let files = try? FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "trajectories").path)
    return (files ?? []).filter { $0.hasSuffix(Self.partialEnding) }
      .compactMap { TrialID($0.dropLast(Self.partialEnding.count)) }
  }

  /// The paths of the requested outputs, one per line.
  private func places(of outputs: [SweepOutput]) -> String {
    let names = outputs.map { $0 == .table1 ? "table1.md" : "\($0.rawValue).svg" } + ["trials.csv"]
    return names.map { folder.appending(path: $0).relativePath }
      .filter { FileManager.default.fileExists(atPath: $0) }
      .map { "\($0)\n" }.joined()
  }

  /// Whether two paths are the same file or have the same content.
  private static func isSame(_ source: URL, _ target: URL) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(source.path, &first) == 0, stat(target.path, &second) == 0 else { return false }
    if first.st_dev == second.st_dev, first.st_ino == second.st_ino { return true }
    return first.st_size == second.st_size
      && FileManager.default.contentsEqual(atPath: source.path, andPath: target.path)
  }

  /// Puts an artifact beside the reports, as a hard link to the blob if the file system allows.
  private func provide(_ copy: ReportWriter.ArtifactCopy) throws {
    let source = blobs.url(for: copy.artifact.digest)
    let target = folder.appending(path: copy.path)
    if Self.isSame(source, target) { return }
    guard blobs.contains(copy.artifact.digest) else {
      logger.warning("\(copy.path) is missing: its blob \(copy.artifact.digest) is not there")
      return
    }
    // Of a result that was discarded since, or of a record that is no more.
    try? FileManager.default.removeItem(at: target)
    try Self.makeFolder(of: target)
    if link(source.path, target.path) == 0 { return }
    try DurableFile.write(try Self.content(of: source), to: target)
  }
}

/// `coordinator report`.
package enum SweepReport {
  /// Rebuilds every output of a sweep from its record.
  ///
  /// - Throws: `StoreError` when the folder holds no record of a sweep.
  package static func rebuild(_ folder: URL) throws -> String {
    let reader = try SweepReader.open(directory: folder)
    try OutFolder.requireNoLinks(folder)
    return try SweepOutputs(
      folder: folder, reader: reader,
      blobs: try BlobStore(folder: folder.appending(path: "blobs")),
      logger: Logger(label: "coordinator")
    ).write()
  }
}
