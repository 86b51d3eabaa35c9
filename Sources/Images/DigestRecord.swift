import Digests
import Foundation
import Glibc

/// The digest of an archive, kept beside it so that a large one is not read at every start.
///
/// `<data set>.images.sha256` is a file for `sha256sum -c`, preceded by a comment that tells which
/// state of the archive the digest was computed from: its length, time of modification and the
/// SHA-256 of its header, which in turn holds the digests of the images. If any of them is not the
/// same any more, the record is worth nothing.
struct DigestRecord {
  private let url: URL
  private let stamp: String?

  /// The record of the archive at `url`, which is looked at now.
  ///
  /// To be made before the archive is opened, so that a digest is never recorded for a file that
  /// has taken the archive's place in between.
  init(of url: URL) {
    self.url = url
    stamp = Self.stamp(of: url)
  }

  /// The recorded digest; nil if there is none or it is of another state.
  var digest: Digest? {
    guard let stamp, let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let lines = text.split(separator: "\n")
    guard lines.count == 2, lines[0] == stamp, lines[1].hasSuffix("  \(url.lastPathComponent)")
    else { return nil }
    return Digest(hexadecimal: String(lines[1].prefix(2 * Digest.byteCount)))
  }

  /// Records the archive's digest.
  ///
  /// Not being able to is no failure: in a folder without the right to write, the archive is read
  /// again next time.
  func write(_ digest: Digest) {
    guard let stamp else { return }
    let text = "\(stamp)\n\(digest)  \(url.lastPathComponent)\n"
    try? Data(text.utf8).write(to: file, options: .atomic)
  }

  private var file: URL { url.appendingPathExtension("sha256") }

  private static func stamp(of url: URL) -> String? {
    var status = stat()
    guard stat(url.path, &status) == 0,
      let file = try? FileHandle(forReadingFrom: url),
      let header = try? file.read(upToCount: ImageArchiveHeader.byteCount)
    else { return nil }
    let modified = "\(status.st_mtim.tv_sec)s \(status.st_mtim.tv_nsec)ns"
    return "# \(status.st_size) bytes, modified \(modified), header \(Digest.of(header))"
  }
}
