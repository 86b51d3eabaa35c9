import Digests
import Files
import Foundation
import Logging
import Reports
import Store
import Synchronization
import Transfers
import Trials

/// The outputs of a sweep, made from its record.
final class SweepOutputs: Sendable {
  private let folder: URL
  private let blobs: BlobStore
  private let logger: Logger
  private let writer: Mutex<ReportWriter>
  private let reader: SweepReader
  /// Paths of the copies that are in place.
  private let provided = Mutex<Set<String>>([])
  /// At most this many problems of one writing are told.
  private static let problemCountMaximum = 10

  /// The outputs that belong into a sweep's folder.
  ///
  /// - Parameter reader: Reads the sweep's record.
  /// - Throws: the error of a folder in which blobs cannot be kept.
  init(folder: URL, reader: SweepReader, logger: Logger) throws {
    self.folder = folder
    self.logger = logger
    self.reader = reader
    let blobs = try BlobStore(folder: folder.appending(path: "blobs"))
    self.blobs = blobs
    writer = Mutex(
      ReportWriter(directory: folder) { try Data(contentsOf: blobs.url(for: $0.digest)) })
  }

  /// Brings every output up to date and returns what to tell people: the front and the files.
  @discardableResult
  func write() throws -> String {
    let results = try reader.results()
    let (outcome, counts) = writer.withLock { ($0.write(results), $0.counts) }
    for problem in outcome.problems.prefix(Self.problemCountMaximum) {
      logger.warning("\(problem)")
    }
    let more = outcome.problems.count - Self.problemCountMaximum
    if more > 0 { logger.warning("\(more) more reports have such problems") }
    try provided.withLock { provided in
      for copy in outcome.copies where !provided.contains(copy.path) {
        try provide(copy)
        provided.insert(copy.path)
      }
    }
    let mixture = try reader.origins().map(SweepStatus.Origin.init).mixture
    return FrontTable.text(of: results, counts: counts) + (mixture.map { "\($0)\n" } ?? "") + "\n"
      + places(of: results.plan.outputs)
  }

  /// Where to look, a line for each output asked for.
  private func places(of outputs: [SweepOutput]) -> String {
    let names = outputs.map { $0 == .table1 ? "table1.md" : "\($0.rawValue).svg" } + ["trials.csv"]
    return names.map { folder.appending(path: $0).relativePath }
      .filter { FileManager.default.fileExists(atPath: $0) }
      .map { "\($0)\n" }.joined()
  }

  /// Puts an artifact beside the reports, as a second name of the blob where the disk allows.
  private func provide(_ copy: ReportWriter.ArtifactCopy) throws {
    let source = blobs.url(for: copy.artifact.digest)
    let target = folder.appending(path: copy.path)
    if link(source.path, target.path) == 0 || errno == EEXIST { return }
    guard blobs.contains(copy.artifact.digest) else {
      logger.warning("\(copy.path) is missing: its blob \(copy.artifact.digest) is not there")
      return
    }
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    if link(source.path, target.path) == 0 || errno == EEXIST { return }
    try DurableFile.write(try Data(contentsOf: source), to: target)
  }
}

/// `coordinator report`.
package enum SweepReport {
  /// Rebuilds every output of a sweep from its record.
  ///
  /// - Throws: `StoreError` when the folder holds no record of a sweep.
  package static func rebuild(_ folder: URL) throws -> String {
    try SweepOutputs(
      folder: folder, reader: try SweepReader.open(directory: folder),
      logger: Logger(label: "coordinator")
    ).write()
  }
}
