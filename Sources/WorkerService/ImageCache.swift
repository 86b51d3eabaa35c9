import Digests
import Files
import Foundation

/// The image archives that the workers of a host share, by digest.
///
/// `CACHE/images/<sha256>.images`; a lock file beside each makes two workers fetch once.
package struct ImageCache: Sendable {
  private let folder: URL

  /// The archives in a cache folder.
  ///
  /// - Throws: the file manager's error when the folder cannot be made.
  package init(cache: URL) throws {
    folder = cache.appending(path: "images")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Where an archive is, or will be once fetched.
  package func url(for digest: Digest) -> URL {
    folder.appending(path: "\(digest).images")
  }

  /// Makes sure that an archive is there and whole.
  ///
  /// - Parameter fetch: Makes the file the archive, unless it is that already; runs with the
  ///   archive's lock held.
  package func provide(_ digest: Digest, fetch: (URL) throws -> Void) throws {
    let archive = url(for: digest)
    let lock = try FileLock.waitForLock(archive.appendingPathExtension("lock"))
    defer { withExtendedLifetime(lock) {} }
    try fetch(archive)
  }
}
