import Digests
import Files
import Glibc

/// The received part of a file, `<name>.part`, locked against other downloads.
///
/// It stays if a download ends early, and the next one resumes from it.
final class PartialDownload {
  /// Its length in bytes.
  private(set) var byteCount: Int

  private let path: String
  private let file: OpenFile<DownloadError>

  /// Opens or creates the part of the file at `path`.
  init(of path: String) throws(DownloadError) {
    let partial = path + ".part"
    let file = try OpenFile<DownloadError>(partial, flags: O_RDWR | O_CREAT)
    // Between open and lock, another download may have finished and renamed this file.
    guard try file.lock(LOCK_EX | LOCK_NB), file.isAtItsPath else {
      throw .beingDownloaded(path: partial)
    }
    byteCount = try file.byteCount()
    self.path = path
    self.file = file
  }

  /// Discards the received bytes.
  func restart() throws(DownloadError) {
    try file.truncate(to: 0)
    byteCount = 0
  }

  /// Appends bytes.
  func append(_ bytes: UnsafeRawBufferPointer) throws(DownloadError) {
    try file.write(bytes, at: byteCount)
    byteCount += bytes.count
  }

  /// The first bytes.
  func head(_ count: Int) throws(DownloadError) -> [UInt8] {
    try file.read(at: 0, count: count)
  }

  /// SHA-256 of all of it, and its checksum of the published kind.
  func checksums(
    like published: Checksum
  ) throws(DownloadError) -> (digest: Digest, comparable: Checksum) {
    try file.checksums(like: published)
  }

  /// Renames the file to its name, durably.
  func commit() throws(DownloadError) {
    try file.synchronize()
    try OpenFile<DownloadError>.commit(file.path, as: path)
  }
}
