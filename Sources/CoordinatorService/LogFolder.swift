import Coordination
import Digests
import Foundation
import Glibc
import Logging
import Transfers
import Trials
import Wire

/// What trials and workers told people, kept beside the sweep's record.
///
/// `logs/<trial>.<attempt>.txt` for a trial's attempt, `logs/<worker>.log` for a worker. What
/// cannot be kept is lost; a log never stops a sweep.
struct LogFolder {
  /// A worker's log that has grown so large becomes `<worker>.log.1`, in place of the one before.
  static let byteCountMaximum = 8 << 20

  private let folder: URL
  private let path: String
  private let blobs: BlobStore
  private let logger: Logger
  private var hasWarned = false

  /// The logs of a sweep; the folder is made when the first line comes.
  init(folder: URL, blobs: BlobStore, logger: Logger) {
    self.folder = folder
    path = folder.path
    self.blobs = blobs
    self.logger = logger
  }

  /// Keeps the log of an attempt, a stored blob, under a name for people.
  mutating func keep(_ log: Digest, of trial: TrialID, attempt: Int) {
    let (source, target) = (blobs.path(for: log), "\(path)/\(trial).\(attempt).txt")
    // Every result passes here before its acknowledgement, so the usual case is one system call.
    if link(source, target) == 0 || errno == EEXIST { return }
    guard blobs.contains(log) else { return }
    trying {
      do {
        try FileManager.default.linkItem(atPath: source, toPath: target)
      } catch {
        try FileManager.default.copyItem(atPath: source, toPath: target)
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
      let end = try file.seekToEnd()
      try file.write(contentsOf: Data(text.utf8))
      guard end + UInt64(text.utf8.count) >= Self.byteCountMaximum else { return }
      let old = url.appendingPathExtension("1")
      try? FileManager.default.removeItem(at: old)
      try FileManager.default.moveItem(at: url, to: old)
    }
  }

  private static func open(_ url: URL) throws -> FileHandle {
    if let file = try? FileHandle(forWritingTo: url) { return file }
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }

  private mutating func trying(_ operation: () throws -> Void) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try operation()
    } catch {
      if !hasWarned { logger.warning("logs cannot be kept: \(error)") }
      hasWarned = true
    }
  }
}
