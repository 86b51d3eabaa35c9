import Digests
import Foundation

/// A file as it was when its bytes were last known, so that one that nobody has touched since need
/// not be read again.
struct PlacedFile: Hashable {
  /// The digest of the file's bytes.
  let digest: Digest
  private let device: UInt64
  private let inode: UInt64
  private let byteCount: Int64
  /// When its content and its entry were last changed, in seconds and nanoseconds.
  private let times: [Int]

  /// A file of known bytes as it is now; nil when it is not there.
  ///
  /// The C function is `stat`.
  init?(at path: String, digest: Digest) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.digest = digest
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int64(status.st_size)
    times = [
      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
    ]
  }
}
