import Files
import Glibc

/// Reads images out of a file that may not fit into memory, in no order.
///
/// A call of `pread` for an image is several times as fast as the faults of its pages in a mapping
/// that has not been there yet, and what was read takes no memory of this process.
final class ImageReader: Sendable {
  private let path: String
  private let descriptor: Int32

  /// Opens the file that a descriptor stands for once more, so that what is said of the order of
  /// reading holds for this reader only.
  ///
  /// C functions: `open`, `posix_fadvise` with `POSIX_FADV_RANDOM`.
  init(sameFileAs other: Int32, path: String) throws(ImageArchiveError) {
    descriptor = try OpenFile<ImageArchiveError>.check("open", path) {
      Glibc.open("/proc/self/fd/\(other)", O_RDONLY | O_CLOEXEC)
    }
    self.path = path
    // A refusal changes nothing but the speed.
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
  }

  deinit { close(descriptor) }

  /// Fills a buffer from an offset on; traps when the disk fails.
  ///
  /// C function: `pread`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = pread(descriptor, rest.baseAddress, rest.count, offset + filled)
      if count < 0 && errno == EINTR { continue }
      precondition(
        count > 0,
        "\(path): reading at byte \(offset + filled) failed: \(String(cString: strerror(errno)))")
      filled += count
    }
  }

  /// Asks the system to read a part into its cache, and does not wait for that.
  ///
  /// C function: `posix_fadvise` with `POSIX_FADV_WILLNEED`.
  func prefetch(at offset: Int, count: Int) {
    posix_fadvise(descriptor, offset, count, POSIX_FADV_WILLNEED)
  }
}
