import Digests
import Files
import Foundation
import Glibc

/// The image archives that the workers of a host share, by digest, up to a size limit.
///
/// In `CACHE/images/`, each archive has up to five files: `<sha256>.images` itself;
/// `.images.partial` while it arrives; `.images.lock`, held by whoever fetches, so that two workers
/// fetch once; `.images.use`, held in common by all that read it, last changed when it was last
/// used; and `.images.verified`, which says how the file looked when its digest was last compared.
package struct ImageCache: Sendable {
  /// How large the archives may grow when nothing else is said, in bytes.
  package static let standardLimit = 20_000_000_000
  /// For how long a comparison holds: a disk that changes bits by itself is noticed the next day.
  private static let verificationLifetime: TimeInterval = 24 * 3600

  private let folder: URL
  private let limit: Int

  /// The archives in a cache folder.
  ///
  /// - Parameter limit: How large all archives together may be, in bytes. What is read at the
  ///   moment stays even beyond it.
  /// - Throws: `FileError` when the folder cannot be made.
  package init(cache: URL, limit: Int = standardLimit) throws {
    folder = cache.appending(path: "images")
    self.limit = limit
    try FileError.makeFolder(folder)
  }

  /// Where an archive is, or will be once fetched.
  package func url(for digest: Digest) -> URL {
    folder.appending(path: "\(digest).images")
  }

  /// Makes sure that an archive is there and whole, and makes room for it first.
  ///
  /// - Parameters:
  ///   - byteCount: The archive's size.
  ///   - fetch: Makes the file the archive, unless it is that already: it compares the digest.
  ///     Not called for a file that was compared within a day and has not changed since. Runs with
  ///     the archive's lock held.
  package func provide(
    _ digest: Digest, byteCount: Int, fetch: (URL) throws -> Void
  ) throws {
    let entry = CachedArchive(url(for: digest))
    // Somebody may have removed it meanwhile, with the whole cache.
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

  /// Keeps an archive from being removed for as long as the lock lives.
  ///
  /// - Throws: `FileError` when the archive is not there.
  package func use(_ digest: Digest) throws -> FileLock {
    let entry = CachedArchive(url(for: digest))
    let lock = try FileLock.waitForSharedLock(entry.use)
    guard access(entry.archive.path, R_OK) == 0 else {
      throw FileError("open", entry.archive.path)
    }
    return lock
  }

  /// Removes the archives that were not used for the longest time, until another one fits.
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

  /// What the archive, whole or in part, takes on disk, in bytes.
  var byteCount: Int {
    [archive, partial].reduce(0) { $0 + (FileAppearance(of: $1)?.byteCount ?? 0) }
  }

  /// When the archive was last asked for.
  var lastUse: Date {
    [use, partial, archive].compactMap(Self.modificationDate).max() ?? .distantPast
  }

  func noteUse() throws {
    let descriptor = open(use.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError("open", use.path) }
    defer { close(descriptor) }
    guard futimens(descriptor, nil) == 0 else { throw FileError("futimens", use.path) }
  }

  /// Whether the file looks as it did when its digest was compared, not long ago.
  func isVerified(within lifetime: TimeInterval) -> Bool {
    guard let appearance = FileAppearance(of: archive),
      let noted = try? String(contentsOf: verified, encoding: .utf8), noted == appearance.text,
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

  /// Removes the archive, unless somebody reads or fetches it; true when it is gone.
  func removeUnlessNeeded() -> Bool {
    guard let fetching = try? FileLock.tryLock(lock), let reading = try? FileLock.tryLock(use)
    else { return false }
    defer { withExtendedLifetime((fetching, reading)) {} }
    for file in [verified, partial, archive] where access(file.path, F_OK) == 0 {
      guard unlink(file.path) == 0 else { return false }
    }
    // The two lock files stay: somebody may be waiting for them.
    return true
  }

  private static func modificationDate(of url: URL) -> Date? {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return nil }
    return Date(
      timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
  }
}

/// What changes in a file's status whenever its content does; the C function is `stat`.
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
