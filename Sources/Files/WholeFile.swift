import Foundation
import Glibc

/// Reads whole files.
package enum WholeFile {
  /// All bytes of a file.
  ///
  /// - Parameter limit: The most bytes accepted.
  /// - Throws: If the file cannot be opened or read, is not a regular file, or is longer.
  package static func read(_ path: String, limit: Int = .max - 1) throws(FileError) -> Data {
    let file = try OpenFile<FileError>(path, flags: O_RDONLY)
    // One byte more detects a file that is longer or grows.
    let bytes = try file.read(at: 0, count: min(try file.byteCount(), limit) + 1)
    guard bytes.count <= limit else {
      throw FileError("read", path, code: EFBIG, found: "more than \(limit) bytes")
    }
    return Data(bytes)
  }

  /// All bytes of a file.
  package static func read(_ url: URL, limit: Int = .max - 1) throws(FileError) -> Data {
    try read(url.path, limit: limit)
  }

  /// The text of a file in UTF-8; nil if it cannot be read, is longer than `limit` bytes, or is no
  /// text.
  package static func text(_ url: URL, limit: Int = 1 << 20) -> String? {
    (try? read(url, limit: limit)).flatMap { String(data: $0, encoding: .utf8) }
  }

  /// A file's bytes, which the system reads when they are used; the C function is `mmap`.
  ///
  /// - Throws: If the file cannot be opened or is not a regular file.
  package static func mapped(_ url: URL) throws(FileError) -> Data {
    let file = try OpenFile<FileError>(url.path, flags: O_RDONLY)
    let count = try file.byteCount()
    guard count > 0 else { return Data() }
    let start = try file.mapped(byteCount: count)
    return Data(bytesNoCopy: start, count: count, deallocator: .unmap)
  }
}
