import Digests
import Files
import Glibc

/// A file as far as it has come, `<name>.part`, locked against other downloads of it.
///
/// It stays when a download ends early, and the next one goes on from there.
final class PartialFile {
  /// How many bytes it has.
  private(set) var byteCount: Int

  private let path: String
  private let file: OpenFile<DownloadError>

  /// Opens what is there of the file at `path`, or begins it.
  init(of path: String) throws(DownloadError) {
    let partial = path + ".part"
    let file = try OpenFile<DownloadError>(partial, flags: O_RDWR | O_CREAT)
    // Between opening and locking, another download may have finished and renamed this very file.
    guard try file.lock(LOCK_EX | LOCK_NB), file.isAtItsPath else {
      throw .beingDownloaded(path: partial)
    }
    byteCount = try file.byteCount()
    self.path = path
    self.file = file
  }

  /// Forgets what has come.
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

  /// SHA-256 of all of it, and the checksum of the kind that is published.
  func checksums(
    like published: Checksum
  ) throws(DownloadError) -> (digest: Digest, comparable: Checksum) {
    try file.checksums(like: published)
  }

  /// Gives the file its name, durably.
  func commit() throws(DownloadError) {
    try file.synchronize()
    try OpenFile<DownloadError>.commit(file.path, as: path)
  }
}
