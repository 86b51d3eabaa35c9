import Digests
import Files
import Foundation
import Store
import Transfers
import Trials

/// The files of finished trials; each is verified when it is read.
struct TrialFiles: Sendable {
  private let blobs: URL

  /// The files in a sweep's folder.
  init(of folder: URL) { blobs = folder.appending(path: "blobs") }

  /// A file's content.
  ///
  /// - Throws: `TransferError` if the file is missing or damaged.
  func content(of artifact: Artifact) throws -> Data {
    do throws(TransferError) {
      try BlobStore.verify(artifact.digest, in: blobs)
    } catch .missing(let digest) {
      throw MissingFile(path: BlobStore.url(for: digest, in: blobs).path)
    }
    let url = BlobStore.url(for: artifact.digest, in: blobs)
    return try WholeFile.read(url)
  }
}

/// A blob that is in the record but not in the folder.
private struct MissingFile: Error, CustomStringConvertible {
  let path: String
  var description: String {
    "\(path): found nothing, expected the file that the record names; put it back from a backup, or "
      + "let the trial be computed again: `coordinator discard`"
  }
}

extension SweepReader {
  /// The one matching trial, with its result.
  ///
  /// - Throws: ``AdministrationError`` if none or several match, ``ExportError`` if it is not
  ///   complete.
  func finishedTrial(_ text: String, folder: URL) throws -> RecordedTrial {
    let results = try results()
    let planned = try TrialSelector(text).select(in: results.plan.trials)
    guard let trial = results.trials.first(where: { $0.planned.id == planned.id }) else {
      preconditionFailure("every planned trial has a standing")
    }
    guard trial.result != nil else {
      throw ExportError.withoutResult(planned.id, trial.status, folder: folder.relativePath)
    }
    return trial
  }
}
