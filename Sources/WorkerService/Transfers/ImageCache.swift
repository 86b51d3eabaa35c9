import Digests
import Files
import Foundation
import Glibc

/// The image archives that the workers of a host share, by digest, up to a size limit.
///
/// In `CACHE/images/`, each archive has up to five files: `<sha256>.images` itself;
/// `.images.partial` during the download; `.images.lock`, locked by the downloading worker, so that
/// two workers download once; `.images.use`, share-locked by all readers, with the time of last use
/// as its modification time; and `.images.verified`, the file's status when its digest was last
/// verified.
package struct ImageCache: Sendable {
  /// Standard size limit of all archives, in bytes.
  package static let standardLimit = 20_000_000_000
  /// How long a verification is valid, so that a disk error is detected within a day.
  private static let verificationLifetime: TimeInterval = 24 * 3600

  private let folder: URL
  private let limit: Int

  /// The archives in a cache folder.
  ///
  /// - Parameter limit: Size limit of all archives together, in bytes. Archives in use are kept
  ///   even beyond it.
  /// - Throws: `FileError` if the folder cannot be created.
  package init(cache: URL, limit: Int = standardLimit) throws {
    folder = cache.appending(path: "images")
    self.limit = limit
    try FileError.makeFolder(folder)
  }

  /// The path of an archive, whether it is present or not.
  package func url(for digest: Digest) -> URL {
    folder.appending(path: "\(digest).images")
  }

  /// Ensures that an archive is present and intact; frees space for it first.
  ///
  /// - Parameters:
  ///   - byteCount: The archive's size.
  ///   - fetch: Downloads the archive unless the file already has its digest. Not called for a file
  ///     that was verified within a day and has not changed since. Runs with the archive's lock
  ///     held.
  package func provide(
    _ digest: Digest, byteCount: Int, fetch: (URL) throws -> Void
  ) throws {
    let entry = CachedArchive(url(for: digest))
    // The whole cache may have been removed in the meantime.
    try FileError.makeFolder(folder)
    let lock = try FileLock.waitForLock(entry.lock)
    defer { withExtendedLifetime(lock) {} }
    try entry.noteUse()
    if entry.isVerified(within: Self.verificationLifetime) { return }
    makeRoom(for: byteCount, besides: digest)
    try? FileManager.default.removeItem(at: entry.verified)
    try fetch(entry.archive)
    try entry.noteVerified()
  }

  /// Prevents the removal of an archive while the lock exists.
  ///
  /// - Throws: `FileError` if the archive is missing.
  package func use(_ digest: Digest) throws -> FileLock {
    let entry = CachedArchive(url(for: digest))
    let lock = try FileLock.waitForSharedLock(entry.use)
    guard access(entry.archive.path, R_OK) == 0 else {
      throw FileError("open", entry.archive.path)
    }
    return lock
  }

  /// Removes the least recently used archives until another one fits.
  private func makeRoom(for byteCount: Int, besides digest: Digest) {
    let own = url(for: digest).lastPathComponent
    var total = byteCount
    var others: [(entry: CachedArchive, byteCount: Int, lastUse: Date)] = []
    for entry in entries where entry.archive.lastPathComponent != own {
      others.append((entry, entry.byteCount, entry.lastUse))
      total += entry.byteCount
    }
    for other in others.sorted(by: { $0.lastUse < $1.lastUse }) {
      guard total > limit else { return }
      if other.entry.removeUnlessNeeded() { total -= other.byteCount }
    }
  }

  private var entries: [CachedArchive] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let archives = Set(
      names.filter { $0.hasSuffix(".images") || $0.hasSuffix(".images.partial") }.map {
        $0.hasSuffix(".partial") ? String($0.dropLast(".partial".count)) : $0
      })
    return archives.sorted().map { CachedArchive(folder.appending(path: $0)) }
  }
}

/// The files of one archive in the cache.
private struct CachedArchive {
  let archive: URL

  init(_ archive: URL) { self.archive = archive }

  var lock: URL { archive.appendingPathExtension("lock") }
  var use: URL { archive.appendingPathExtension("use") }
  var verified: URL { archive.appendingPathExtension("verified") }
  private var partial: URL { archive.appendingPathExtension("partial") }

  /// Size on disk of the complete or partial archive, in bytes.
  var byteCount: Int {
    [archive, partial].reduce(0) { $0 + (FileAppearance(of: $1)?.byteCount ?? 0) }
  }

  /// When the archive was last used.
  var lastUse: Date {
    [use, partial, archive].compactMap(Self.modificationDate).max() ?? .distantPast
  }

  func noteUse() throws {
    try OpenFile<FileError>(use.path, flags: O_WRONLY | O_CREAT).touch()
  }

  /// Whether the file is unchanged since its digest was verified within the lifetime.
  func isVerified(within lifetime: TimeInterval) -> Bool {
    guard let appearance = FileAppearance(of: archive),
      let noted = WholeFile.text(verified), noted == appearance.text,
      let date = Self.modificationDate(of: verified)
    else { return false }
    let age = Date.now.timeIntervalSince(date)
    return age >= 0 && age < lifetime
  }

  func noteVerified() throws(FileError) {
    guard let appearance = FileAppearance(of: archive) else {
      throw FileError("stat", archive.path)
    }
    try DurableFile.write(Data(appearance.text.utf8), to: verified)
  }

  /// Removes the archive unless it is being read or downloaded; returns whether it was removed.
  func removeUnlessNeeded() -> Bool {
    guard let fetching = try? FileLock.tryLock(lock), let reading = try? FileLock.tryLock(use)
    else { return false }
    defer { withExtendedLifetime((fetching, reading)) {} }
    for file in [verified, partial, archive] where access(file.path, F_OK) == 0 {
      guard unlink(file.path) == 0 else { return false }
    }
    // Keep the two lock files, since other processes may be waiting for them.
    return true
  }

  private static func modificationDate(of url: URL) -> Date? {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return nil }
    return Date(
      timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
  }
}

/// The parts of a file's status that change with its content; the C function is `stat`.
private struct FileAppearance {
  let byteCount: Int
  /// Size, inode, and the times of the last change of content and of status, in nanoseconds.
  let text: String

  init?(of url: URL) {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return nil }
    byteCount = Int(status.st_size)
    text = """
      \(status.st_size) \(status.st_ino) \
      \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \
      \(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)

      """
  }
}
