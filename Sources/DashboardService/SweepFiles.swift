import CoordinatorService
import Digests
import Files
import Foundation
import Transfers
import Trials

/// The files of a sweep that the dashboard shows: artifacts of trials, and logs.
///
/// Reads are bounded. Names in requests are looked up in a list, never used in a path.
struct SweepFiles: Sendable {
  /// The longest file of a trial that is read, in bytes.
  static let artifactByteCountMaximum = 64 << 20
  /// How much of the end of a log is shown, in bytes.
  static let (logByteCount, attemptLogByteCount) = (64 << 10, 2 << 10)
  /// The most logs that are listed.
  static let logCountMaximum = 500

  /// The sweep's folder.
  let folder: URL

  /// A file of a finished trial; nil when its result names none of that kind.
  func artifact(_ kind: ArtifactKind, of trial: RecordedTrial) throws(FileError) -> Data? {
    guard let artifact = trial.result?.artifacts.first(where: { $0.kind == kind }) else {
      return nil
    }
    let url = BlobStore.url(for: artifact.digest, in: folder.appending(path: "blobs"))
    return try WholeFile.read(url.path, limit: Self.artifactByteCountMaximum)
  }

  /// The names of the logs, last changed first.
  var logNames: [String] {
    let folder = folder.appending(path: "logs")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let dated = names.filter { $0.hasSuffix(".log") || $0.hasSuffix(".txt") || $0.hasSuffix(".1") }
      .map { name in (name, Self.modification(of: folder.appending(path: name).path)) }
    return dated.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(Self.logCountMaximum).map(\.0)
  }

  /// The end of a log of that name; nil when there is none.
  func log(named name: String) -> String? {
    guard !name.contains("/"), !name.hasPrefix("."), logNames.contains(name) else { return nil }
    return Self.end(of: folder.appending(path: "logs").appending(path: name), Self.logByteCount)
  }

  /// The end of the log of an attempt; nil when there is none.
  func log(of trial: RecordedTrial, attempt: Int) -> String? {
    let name = "logs/\(trial.planned.id).\(attempt).txt"
    if let text = Self.end(of: folder.appending(path: name), Self.attemptLogByteCount) {
      return text
    }
    guard trial.recordedAttempt == attempt,
      let log = trial.result?.artifacts.first(where: { $0.kind == .log }), log.byteCount > 0
    else { return nil }
    let blob = BlobStore.url(for: log.digest, in: folder.appending(path: "blobs"))
    return Self.end(of: blob, Self.attemptLogByteCount)
  }

  private static func modification(of path: String) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.modificationDate] as? Date ?? .distantPast
  }

  private static func end(of url: URL, _ count: Int) -> String? {
    // Do not follow links, which could point to any file.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    guard let file = try? OpenFile<FileError>(url.path, flags: flags),
      let size = try? file.byteCount(),
      let bytes = try? file.read(at: max(0, size - count), count: min(size, count))
    else { return nil }
    let text = PlainText.lines(String(decoding: bytes, as: UTF8.self))
    guard size > count, let line = text.firstIndex(of: "\n") else { return text }
    return "…" + text[line...]
  }
}
