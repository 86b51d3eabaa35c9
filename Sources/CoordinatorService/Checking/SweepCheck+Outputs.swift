import Digests
import Files
import Foundation
import Reports
import Store
import Transfers
import Trials

extension SweepCheck {
  /// Builds all outputs in memory and compares them with those in the folder.
  mutating func checkOutputs(of results: SweepResults, in folder: URL) {
    let remedy = Self.outputRemedy(folder)
    let blobs = folder.appending(path: "blobs")
    let lacking = lackingBlobs
    var writer = ReportWriter(directory: nil) { artifact in
      // All other blobs have just been compared with their digests.
      guard !lacking.contains(artifact.digest) else { throw ChangedBlob() }
      return try WholeFile.read(BlobStore.url(for: artifact.digest, in: blobs))
    }
    let outcome = writer.write(results)
    let comparison = OutputComparison(
      folder: folder, ledger: OutputLedger(in: folder),
      lacksFiles: outcome.problems.contains { $0.isOfArtifact })
    var incomparableCount = 0
    func take(_ standing: OutputComparison.Standing, _ path: String) {
      countOutput()
      switch standing {
      case .same: break
      case .incomparable: incomparableCount += 1
      case .wrong(let kind, let found): add(kind, path, found, remedy)
      }
    }
    for (path, digest) in outcome.made { take(comparison.standing(of: path, digest), path) }
    for copy in outcome.copies where !isLacking(copy.artifact.digest) {
      take(comparison.standing(of: copy.path, copy.artifact.digest), copy.path)
    }
    if incomparableCount > 0 {
      note(
        "\(incomparableCount) outputs were not compared: files that they are made of are damaged "
          + "or missing")
    }
  }

  static func outputRemedy(_ folder: URL) -> String {
    "`coordinator report \(folder.shellWord)` writes the outputs anew"
  }

  private struct ChangedBlob: Error, CustomStringConvertible {
    let description = "its content is damaged"
  }
}

/// Compares the files in a sweep's folder with their expected content and with what was written.
private struct OutputComparison {
  /// The result of a comparison.
  enum Standing {
    case same
    /// It cannot be rebuilt.
    case incomparable
    case wrong(SweepCheck.Finding.Kind, String)
  }

  let folder: URL
  /// The digests of the outputs as written.
  let ledger: OutputLedger
  /// Whether files of results are damaged or missing, so that outputs made without them differ.
  let lacksFiles: Bool

  /// Compares an output with its expected digest.
  func standing(of path: String, _ digest: Digest) -> Standing {
    guard let data = try? WholeFile.mapped(folder.appending(path: path))
    else { return absent(path) }
    let found = Digest.of(data)
    if found == digest { return .same }
    if ledger.contains(path, found) {
      return lacksFiles ? .incomparable : .wrong(.stale, "is behind the record")
    }
    if ledger.contains(path) {
      return .wrong(.damaged, "differs from the record, and was changed since it was written")
    }
    return .wrong(
      .stale, "differs from the record: an earlier version wrote it, or it was changed")
  }

  private func absent(_ path: String) -> Standing {
    if ledger.contains(path) { return .wrong(.missing, "was written, and is not there") }
    let former = FormerNames.former(of: path).map { folder.appending(path: $0).path }
    if let former, FileManager.default.fileExists(atPath: former) {
      return .wrong(.stale, "has the name that an earlier version gave it")
    }
    return .wrong(.stale, "is not written yet")
  }
}

extension ReportError {
  /// Whether a finished trial's file is missing or damaged.
  fileprivate var isOfArtifact: Bool {
    switch self {
    case .missingArtifact, .malformedArtifact: true
    case .unwritable, .empty: false
    }
  }
}
