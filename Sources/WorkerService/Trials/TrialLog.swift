import Digests
import Files
import Foundation
import Trials

/// What a trial's process writes to its standard error: `log.txt` in the trial's folder.
struct TrialLog: Sendable {
  /// The most that is kept of a log, its end.
  static let byteCountMaximum = 1 << 20

  private let url: URL

  /// The log in a trial's folder.
  init(folder: URL) {
    url = folder.appending(path: ArtifactKind.log.rawValue)
  }

  /// Starts the log, for the process to write to.
  func open() throws(FileError) -> FileHandle {
    try FileError.wording("write", url) {
      try Data().write(to: url)
      return try FileHandle(forWritingTo: url)
    }
  }

  /// The end of what was written.
  var lastWords: String {
    (try? Data(contentsOf: url)).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
  }

  /// The log as a file of the trial, once nobody writes to it any more; nil when it is lost.
  func close() -> Artifact? {
    guard var data = try? Data(contentsOf: url, options: .mappedIfSafe) else { return nil }
    if data.count > Self.byteCountMaximum {
      data = Data(data.suffix(Self.byteCountMaximum))
      guard (try? data.write(to: url, options: .atomic)) != nil else { return nil }
    }
    return Artifact(kind: .log, digest: Digest.of(Array(data)), byteCount: data.count)
  }
}
