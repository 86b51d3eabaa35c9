import Digests
import Files
import Foundation
import Glibc
import Trials

/// The standard error of a trial's process: `log.txt` in the trial's folder.
struct TrialLog: Sendable {
  /// Most bytes kept of a log, from its end.
  static let byteCountMaximum = 1 << 20

  private let url: URL

  /// The log in a trial's folder.
  init(folder: URL) {
    url = folder.appending(path: ArtifactKind.log.rawValue)
  }

  /// Starts the log, for the process to write to.
  func open() throws(FileError) -> FileHandle {
    try OpenFile<FileError>(url.path, flags: O_WRONLY | O_CREAT | O_TRUNC).handle()
  }

  /// The last 2,000 bytes.
  var lastWords: String {
    (try? WholeFile.read(url)).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
  }

  /// The log as an artifact, after the process has ended; nil if it is lost.
  func close() -> Artifact? {
    guard var data = try? WholeFile.mapped(url) else { return nil }
    if data.count > Self.byteCountMaximum {
      data = Data(data.suffix(Self.byteCountMaximum))
      guard (try? data.write(to: url, options: .atomic)) != nil else { return nil }
    }
    return Artifact(kind: .log, digest: Digest.of(Array(data)), byteCount: data.count)
  }
}
