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
  /// Most bytes of all workers' logs together, and most files; the oldest are removed first.
  static let folderMaximum = (byteCount: 1 << 30, fileCount: 10_000)
  /// Most bytes of an attempt's log; a worker of this project keeps 1 MiB.
  private static let attemptByteMaximum = 4 << 20

  private let folder: URL
  private let blobs: BlobStore
  private let logger: Logger
  private let folderMaximum: (byteCount: Int, fileCount: Int)
  /// The workers' logs in the folder; nil before the first line.
  private var size: (byteCount: Int, fileCount: Int)?
  private var hasWarned = false

  /// The logs of a sweep; the folder is created with the first line.
  init(
    folder: URL, blobs: BlobStore, logger: Logger,
    folderMaximum: (byteCount: Int, fileCount: Int) = Self.folderMaximum
  ) {
    self.folderMaximum = folderMaximum
    self.folder = folder
    self.blobs = blobs
    self.logger = logger
  }

  /// Gives the log of a failed attempt, which is a stored blob, a readable name.
  ///
  /// Call it once for each attempt, when its end is recorded.
  mutating func keep(_ log: Digest, of trial: TrialID, attempt: Int) {
    let target = folder.appending(path: "\(trial).\(attempt).txt")
    guard let byteCount = blobs.byteCount(of: log), byteCount <= Self.attemptByteMaximum else {
      return
    }
    let source = blobs.url(for: log)
    trying {
      try? FileManager.default.removeItem(at: target)
      do {
        try FileManager.default.linkItem(at: source, to: target)
      } catch {
        try FileError.wording("copy", target) {
          try FileManager.default.copyItem(at: source, to: target)
        }
      }
    }
  }

  /// The bytes that lines take in a worker's log.
  static func byteCount(of log: WorkerMessage.LogLines) -> Int { text(of: log).utf8.count }

  private static func text(of log: WorkerMessage.LogLines) -> String {
    let leftOut = log.leftOutCount > 0 ? ["(\(log.leftOutCount) lines left out)"] : []
    return (leftOut + log.lines).map { "\($0)\n" }.joined()
  }

  /// Appends a worker's lines.
  mutating func append(_ log: WorkerMessage.LogLines, of worker: WorkerID) {
    // The wire format excludes slashes and line feeds from worker names.
    let url = folder.appending(path: "\(worker).log")
    let text = Self.text(of: log)
    guard !text.isEmpty else { return }
    var size = self.size ?? Self.size(of: files())
    defer { self.size = size }
    trying {
      let file = try OpenFile<FileError>(
        url.path, flags: O_WRONLY | O_CREAT | O_NOFOLLOW, permissions: 0o600)
      let end = try file.byteCount()
      try file.write(Data(text.utf8), at: end)
      size.byteCount += text.utf8.count
      size.fileCount += end == 0 ? 1 : 0
      guard end + text.utf8.count >= Self.byteCountMaximum else { return }
      let old = url.appendingPathExtension("1")
      try? FileManager.default.removeItem(at: old)
      try FileError.wording("rename", url) { try FileManager.default.moveItem(at: url, to: old) }
    }
    if size.byteCount > folderMaximum.byteCount || size.fileCount > folderMaximum.fileCount {
      size = removeOldest(besides: url)
    }
  }

  private typealias File = (url: URL, byteCount: Int, changed: Date)

  /// The workers' logs, the oldest first.
  private func files() -> [File] {
    let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
    let urls = try? FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: Array(keys))
    return (urls ?? []).filter {
      ["log", "1"].contains($0.pathExtension) && $0.lastPathComponent.contains(".log")
    }.map { url -> File in
      let values = try? url.resourceValues(forKeys: keys)
      return (url, values?.fileSize ?? 0, values?.contentModificationDate ?? .distantPast)
    }.sorted { $0.changed < $1.changed }
  }

  private static func size(of files: [File]) -> (byteCount: Int, fileCount: Int) {
    (files.reduce(0) { $0 + $1.byteCount }, files.count)
  }

  /// Removes the oldest of the workers' logs until a quarter of the room is free; returns what
  /// remains.
  private func removeOldest(besides newest: URL) -> (byteCount: Int, fileCount: Int) {
    let files = files()
    var size = Self.size(of: files)
    for file in files where file.url.lastPathComponent != newest.lastPathComponent {
      guard
        size.byteCount > folderMaximum.byteCount / 4 * 3
          || size.fileCount > folderMaximum.fileCount / 4 * 3
      else { break }
      try? FileManager.default.removeItem(at: file.url)
      size.byteCount -= file.byteCount
      size.fileCount -= 1
    }
    return size
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
