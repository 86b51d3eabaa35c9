import Glibc

/// The free space of a disk.
package enum FreeSpace {
  /// The largest answer in bytes (1 EiB); sums of it with the size of a file do not overflow.
  package static let byteCountMaximum = 1 << 60

  /// Bytes that this process may still write to the disk of a file or folder; the C function is
  /// `statvfs`.
  ///
  /// - Throws: ``FileError`` if the disk does not answer.
  package static func byteCount(at path: String) throws(FileError) -> Int {
    var status = statvfs()
    try OpenFile<FileError>.check("statvfs", path) { statvfs(path, &status) }
    return byteCount(blocks: UInt64(status.f_bavail), of: UInt64(status.f_frsize))
  }

  /// The bytes of some blocks, at most ``byteCountMaximum``.
  ///
  /// File systems in user space report any number, 2⁶⁴ − 1 among them.
  static func byteCount(blocks: UInt64, of size: UInt64) -> Int {
    let (bytes, overflows) = blocks.multipliedReportingOverflow(by: size)
    return overflows ? byteCountMaximum : min(Int(clamping: bytes), byteCountMaximum)
  }
}
