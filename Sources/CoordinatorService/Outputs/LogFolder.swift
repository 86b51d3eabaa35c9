import Coordination
import Digests
import Files
import Foundation
import Glibc
import Logging
import Transfers
import Trials
import Wire

/// The logs of workers and failed attempts, in the sweep's folder.
///
/// `logs/<worker>.log` for a worker, `logs/<trial>.<attempt>.txt` for an attempt. The log of a
/// successful attempt is an artifact of its result; ``SweepOutputs`` puts it there. A log that
/// cannot be written is lost; the sweep continues.
struct LogFolder {
  /// At this size a worker's log is renamed to `<worker>.log.1` and replaces the previous one.
  static let byteCountMaximum = 8 << 20

  private let folder: URL
  private let blobs: BlobStore
  private let logger: Logger
  private var hasWarned = false

  /// The logs of a sweep; the folder is created with the first line.
  init(folder: URL, blobs: BlobStore, logger: Logger) {
    self.folder = folder
    self.blobs = blobs
    self.logger = logger
  }

  /// Gives the log of a failed attempt, which is a stored blob, a readable name.
  mutating func keep(_ log: Digest, of trial: TrialID, attempt: Int) {
    let target = folder.appending(path: "\(trial).\(attempt).txt")
    guard blobs.contains(log), !FileManager.default.fileExists(atPath: target.path) else { return }
    let source = blobs.url(for: log)
    trying {
      do {
        try FileManager.default.linkItem(at: source, to: target)
      } catch {
        try FileError.wording("copy", target) {
          try FileManager.default.copyItem(at: source, to: target)
        }
      }
    }
  }

  /// Appends a worker's lines.
  mutating func append(_ log: WorkerMessage.LogLines, of worker: WorkerID) {
    // The wire format excludes slashes and line feeds from worker names.
    let url = folder.appending(path: "\(worker).log")
    let leftOut = log.leftOutCount > 0 ? ["(\(log.leftOutCount) lines left out)"] : []
    let text = (leftOut + log.lines).map { "\($0)\n" }.joined()
    trying {
      let file = try OpenFile<FileError>(
        url.path, flags: O_WRONLY | O_CREAT | O_NOFOLLOW, permissions: 0o600)
      let end = try file.byteCount()
      try file.write(Data(text.utf8), at: end)
      guard end + text.utf8.count >= Self.byteCountMaximum else { return }
      let old = url.appendingPathExtension("1")
      try? FileManager.default.removeItem(at: old)
      try FileError.wording("rename", url) { try FileManager.default.moveItem(at: url, to: old) }
    }
  }

  private mutating func trying(_ operation: () throws -> Void) {
    do {
      // Do not create parent folders: a deleted sweep folder must not reappear.
      guard mkdir(folder.path, 0o700) == 0 || errno == EEXIST else {
        throw FileError("mkdir", folder.path)
      }
      try operation()
    } catch {
      if !hasWarned { logger.warning("logs cannot be kept: \(error)") }
      hasWarned = true
    }
  }
}
