import Files
import Glibc

/// Reads single images of a file that may not fit into memory, in any order.
///
/// `pread` of an image is several times as fast as page faults in a mapping, and does not add to
/// this process's memory.
final class ImageReader: Sendable {
  private let path: String
  private let descriptor: Int32

  /// Opens a descriptor's file again, so that the advice on the order of reading applies only to
  /// this reader.
  ///
  /// C functions: `open`, `posix_fadvise` with `POSIX_FADV_RANDOM`.
  init(sameFileAs other: Int32, path: String) throws(ImageArchiveError) {
    descriptor = try OpenFile<ImageArchiveError>.check("open", path) {
      Glibc.open("/proc/self/fd/\(other)", O_RDONLY | O_CLOEXEC)
    }
    self.path = path
    // Errors are ignored, since they only affect speed.
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
  }

  deinit { close(descriptor) }

  /// Fills a buffer from an offset; traps if the disk fails.
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

  /// Asks the system to read a part into its cache, without waiting.
  ///
  /// C function: `posix_fadvise` with `POSIX_FADV_WILLNEED`.
  func prefetch(at offset: Int, count: Int) {
    posix_fadvise(descriptor, offset, count, POSIX_FADV_WILLNEED)
  }
}
