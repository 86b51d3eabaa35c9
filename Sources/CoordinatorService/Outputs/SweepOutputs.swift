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
  /// What is known of the sweep as of the last writing.
  private let tail: Mutex<ResultsTail>
  /// The copies that are in place, by their paths, and those that are to be made.
  private let copies = Mutex(Copies())

  private struct Copies {
    var provided: [String: Digest] = [:]
    var owed: [ReportWriter.ArtifactCopy] = []
    /// The newest file with a content of which no further hard link to the blob could be made.
    var sources: [Digest: URL] = [:]
  }

  /// The trajectories so far that are in place, by trial.
  private let partial = Mutex<[TrialID: Int]>([:])
  /// Whether files with former names and leftovers of earlier runs have been handled.
  private let isCleared = Mutex(false)
  /// Most running trials whose trajectory so far is shown.
  private static let partialCountMaximum = 64
  /// Most problems shown per write.
  private static let problemCountMaximum = 10
  /// The most copies entered in the ledger with one write.
  private static let commonNoteCountMaximum = 1000

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
    tail = Mutex(ResultsTail(reader))
    writer = Mutex(
      ReportWriter(directory: folder) { try Self.content(of: blobs.url(for: $0.digest)) })
  }

  private static func content(of url: URL) throws(FileError) -> Data {
    try WholeFile.read(url)
  }

  /// Brings every output up to date with what the record has had since the last time.
  ///
  /// - Returns: The files that could not be written, which the next time tries again; nil if all
  ///   were.
  @discardableResult
  func write() throws -> UnwrittenOutputs? {
    try tail.withLock { tail in
      let changed = try tail.look()
      return try write(tail.results, changed: changed)
    }
  }

  /// Writes every output anew from the whole record, all of which is read and checked.
  ///
  /// - Returns: What to tell people: the front and the files.
  /// - Throws: ``UnwrittenOutputs`` if a file could not be written; the others are written then.
  func rebuild() throws -> String {
    let results = try reader.results()
    // Files that a running coordinator is writing are no leftovers.
    let unwritten = try write(
      results, changed: nil, removesLeftovers: !ControlSocket.isServed(in: folder))
    if let unwritten { throw unwritten }
    return try summary(of: results)
  }

  /// What to tell people at the end: the front and the files.
  func summary() throws -> String { try tail.withLock { try summary(of: $0.results) } }

  private func summary(of results: SweepResults) throws -> String {
    let mixture = try reader.origins().map(SweepStatus.Origin.init).mixture
    return FrontTable.text(of: results, counts: writer.withLock { $0.counts })
      + (mixture.map { "\($0)\n" } ?? "") + "\n" + places(of: results.plan.outputs)
  }

  /// - Parameter changed: The places of the trials that may differ from those of the last time; nil
  ///   for all.
  /// - Returns: The files that could not be written; nil if all were. This and every other problem
  ///   has been logged.
  private func write(
    _ results: SweepResults, changed: Set<Int>?, removesLeftovers: Bool = true
  ) throws -> UnwrittenOutputs? {
    isCleared.withLock { isCleared in
      if !isCleared {
        FormerNames.replace(in: folder)
        if removesLeftovers { removeLeftovers() }
      }
      isCleared = true
    }
    let outcome = writer.withLock { $0.write(results, changed: changed) }
    for problem in outcome.problems.prefix(Self.problemCountMaximum) {
      logger.warning("\(problem)")
    }
    let more = outcome.problems.count - Self.problemCountMaximum
    if more > 0 { logger.warning("\(more) more reports have such problems") }
    try copies.withLock { copies in
      let discarded = (changed ?? Set(results.trials.indices)).map { results.trials[$0] }
        .filter { !$0.discards.isEmpty && $0.result == nil }.map(\.planned.id)
      if !discarded.isEmpty {
        let paths = discarded.flatMap(Self.paths)
        for path in paths {
          try? FileManager.default.removeItem(at: folder.appending(path: path))
          copies.provided[path] = nil
        }
        let trials = Set(discarded)
        copies.owed.removeAll { trials.contains($0.trial) }
        writer.withLock { $0.forget(paths) }
      }
      copies.owed += outcome.copies.filter { copies.provided[$0.path] != $0.artifact.digest }
      try provide(&copies)
    }
    try showPartialTrajectories(of: results)
    let unwritten = outcome.problems.filter { if case .unwritable = $0 { true } else { false } }
    return unwritten.isEmpty ? nil : UnwrittenOutputs(problems: unwritten)
  }

  /// Makes the copies that are owed, noted some at a time.
  private func provide(_ copies: inout Copies) throws {
    var count = 0
    defer { copies.owed.removeFirst(count) }
    while count < copies.owed.count {
      let some = copies.owed.dropFirst(count).prefix(Self.commonNoteCountMaximum)
      writer.withLock { $0.note(some.filter { blobs.contains($0.artifact.digest) }) }
      for copy in some {
        try provide(copy, &copies.sources)
        copies.provided[copy.path] = copy.artifact.digest
        count += 1
      }
    }
  }

  /// The files of a trial's result beside the tables.
  private static func paths(of trial: TrialID) -> [String] {
    [
      "models/\(trial).safetensors", "trajectories/\(trial).csv", "figure2/\(trial).png",
      "latents/\(trial).svg",
    ]
  }

  /// Writes the trajectories so far of running trials as `<trial>.partial.csv`, and removes those
  /// of trials that no longer run, and of those that are no table of numbers.
  private func showPartialTrajectories(of results: SweepResults) throws {
    let running = results.trials.filter { $0.status == .running }.map(\.planned.id)
    let texts = try reader.trajectories(of: Array(running.prefix(Self.partialCountMaximum)))
    try partial.withLock { shown in
      for trial in Array(shown.keys) where texts[trial] == nil {
        try? FileManager.default.removeItem(at: partialTrajectory(of: trial))
        shown[trial] = nil
      }
      for (trial, text) in texts where shown[trial] != text.count {
        let target = partialTrajectory(of: trial)
        let lines: Data
        do throws(LiveDrawingError) {
          lines = try TrajectorySoFar.wholeLines(of: text)
        } catch {
          logger.warning("the trajectory so far of trial \(trial) is not shown: \(error)")
          try? FileManager.default.removeItem(at: target)
          shown[trial] = text.count
          continue
        }
        try Self.makeFolder(of: target)
        try DurableFile.write(lines, to: target)
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

  /// Removes what another process, or one that was killed, has left in the folders with a file for
  /// each trial: trajectories of trials that ran, and files that were being written.
  private func removeLeftovers() {
    for name in ["trajectories", "figure2", "latents"] {
      let subfolder = folder.appending(path: name)
      let files = try? FileManager.default.contentsOfDirectory(atPath: subfolder.path)
      for file in files ?? [] {
        let endings = [Self.partialEnding, ReportWriter.asideEnding]
        guard let ending = endings.first(where: { file.hasSuffix($0) }),
          TrialID(file.dropLast(ending.count).prefix { $0 != "." }) != nil
        else { continue }
        try? FileManager.default.removeItem(at: subfolder.appending(path: file))
      }
    }
  }

  /// The paths of the requested outputs, one per line.
  private func places(of outputs: [SweepOutput]) -> String {
    let names =
      outputs.map { output in
        switch output {
        case .figure1, .figure2, .figure3: "\(output.rawValue).svg"
        case .table1: "table1.md"
        case .gates, .latents: "\(output.rawValue).csv"
        }
      } + ["trials.csv"]
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
  ///
  /// A file can have only so many links (65,000 on ext4). Where no link to the blob can be made,
  /// the file is copied, and equal files are links to that copy.
  private func provide(
    _ copy: ReportWriter.ArtifactCopy, _ sources: inout [Digest: URL]
  ) throws {
    let blob = blobs.url(for: copy.artifact.digest)
    let source = sources[copy.artifact.digest] ?? blob
    let target = folder.appending(path: copy.path)
    if link(source.path, target.path) == 0 { return }
    if Self.isSame(blob, target) { return }
    guard blobs.contains(copy.artifact.digest) else {
      logger.warning("\(copy.path) is missing: its blob \(copy.artifact.digest) is not there")
      return
    }
    // Of a result that was discarded since, or of a record that is no more.
    try? FileManager.default.removeItem(at: target)
    try Self.makeFolder(of: target)
    if link(source.path, target.path) == 0 { return }
    try DurableFile.write(try Self.content(of: blob), to: target)
    sources[copy.artifact.digest] = target
  }
}

/// Outputs of a sweep that could not be written.
struct UnwrittenOutputs: Error, CustomStringConvertible {
  /// Why, each with its path; at least one.
  let problems: [ReportError]

  var description: String {
    let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
    return "\(problems.first.map { "\($0)" } ?? "")\(more); see to the folder's owner and mode and "
      + "to what is in the file's place, and give the command again"
  }
}

/// `coordinator report`.
package enum SweepReport {
  /// Rebuilds every output of a sweep from its record.
  ///
  /// - Throws: `StoreError` when the folder holds no record of a sweep, ``UnwrittenOutputs``.
  package static func rebuild(_ folder: URL) throws -> String {
    let reader = try SweepReader.open(directory: folder)
    try OutFolder.requireNoLinks(folder)
    return try SweepOutputs(
      folder: folder, reader: reader,
      blobs: try BlobStore(folder: folder.appending(path: "blobs")),
      logger: Logger(label: "coordinator")
    ).rebuild()
  }
}
