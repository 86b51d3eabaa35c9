import Coordination
import Digests
import Files
import Foundation
import Glibc
import Logging
import Transfers
import Trials
import Wire

/// What workers and failed attempts told people, kept beside the sweep's record.
///
/// `logs/<worker>.log` for a worker, `logs/<trial>.<attempt>.txt` for a trial's attempt; that of
/// the attempt which brought the result is one of its artifacts, and ``SweepOutputs`` puts it
/// there. What cannot be kept is lost; a log never stops a sweep.
struct LogFolder {
  /// A worker's log that has grown so large becomes `<worker>.log.1`, in place of the one before.
  static let byteCountMaximum = 8 << 20

  private let folder: URL
  private let blobs: BlobStore
  private let logger: Logger
  private var hasWarned = false

  /// The logs of a sweep; the folder is made when the first line comes.
  init(folder: URL, blobs: BlobStore, logger: Logger) {
    self.folder = folder
    self.blobs = blobs
    self.logger = logger
  }

  /// Keeps the log of a failed attempt, a stored blob, under a name for people.
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

  /// Appends what a worker told.
  mutating func append(_ log: WorkerMessage.LogLines, of worker: WorkerID) {
    // A worker's name has neither slashes nor line feeds.
    let url = folder.appending(path: "\(worker).log")
    let leftOut = log.leftOutCount > 0 ? ["(\(log.leftOutCount) lines left out)"] : []
    let text = (leftOut + log.lines).map { "\($0)\n" }.joined()
    trying {
      let file = try Self.open(url)
      defer { try? file.close() }
      let end = try FileError.wording("write", url) {
        let end = try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        return end
      }
      guard end + UInt64(text.utf8.count) >= Self.byteCountMaximum else { return }
      let old = url.appendingPathExtension("1")
      try? FileManager.default.removeItem(at: old)
      try FileError.wording("rename", url) { try FileManager.default.moveItem(at: url, to: old) }
    }
  }

  private static func open(_ url: URL) throws -> FileHandle {
    let descriptor = Glibc.open(
      url.path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("open", url.path) }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  private mutating func trying(_ operation: () throws -> Void) {
    do {
      // Not the folders around it: a sweep's folder that was deleted does not come back as logs.
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
