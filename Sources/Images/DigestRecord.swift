import Digests
import Files
import Foundation
import Glibc

/// The digest of an archive, stored beside it so that a large archive is not read at every start.
///
/// `<data set>.images.sha256` is a file for `sha256sum -c`. A comment in it states the archive's
/// length, modification time and the SHA-256 of its header, which contains the digests of the
/// images. The record is valid only while all of them are unchanged.
struct DigestRecord {
  private let url: URL
  private let stamp: String?

  /// The record of the archive at `url`; reads the archive's state now.
  ///
  /// Create it before the archive is opened, so that the digest is not recorded for a file that has
  /// replaced the archive in between.
  init(of url: URL) {
    self.url = url
    stamp = Self.stamp(of: url)
  }

  /// The recorded digest; nil if there is none or it is not valid.
  var digest: Digest? {
    guard let stamp, let text = WholeFile.text(file) else { return nil }
    let lines = text.split(separator: "\n")
    guard lines.count == 2, lines[0] == stamp, lines[1].hasSuffix("  \(url.lastPathComponent)")
    else { return nil }
    return Digest(hexadecimal: String(lines[1].prefix(2 * Digest.byteCount)))
  }

  /// Records the archive's digest.
  ///
  /// Errors are ignored: in a read-only folder the archive is read again next time.
  func write(_ digest: Digest) {
    guard let stamp else { return }
    let text = "\(stamp)\n\(digest)  \(url.lastPathComponent)\n"
    try? Data(text.utf8).write(to: file, options: .atomic)
  }

  private var file: URL { url.appendingPathExtension("sha256") }

  private static func stamp(of url: URL) -> String? {
    var status = stat()
    guard stat(url.path, &status) == 0,
      let file = try? RegularFile.reading(url),
      let header = try? file.read(upToCount: ImageArchiveHeader.byteCount)
    else { return nil }
    let modified = "\(status.st_mtim.tv_sec)s \(status.st_mtim.tv_nsec)ns"
    return "# \(status.st_size) bytes, modified \(modified), header \(Digest.of(header))"
  }
}
