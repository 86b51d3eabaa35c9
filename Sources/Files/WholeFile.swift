import Foundation
import Glibc

/// Reads small input files: sweep files, configurations, keys.
package enum WholeFile {
  /// All bytes of a file.
  ///
  /// - Parameter limit: The most bytes accepted.
  /// - Throws: If the file cannot be opened or read, is not a regular file, or is longer.
  package static func read(_ path: String, limit: Int) throws(FileError) -> Data {
    let file = try OpenFile<FileError>(path, flags: O_RDONLY)
    // One byte more detects a file that is longer or grows.
    let bytes = try file.read(at: 0, count: min(try file.byteCount(), limit) + 1)
    guard bytes.count <= limit else {
      throw FileError("read", path, code: EFBIG, found: "more than \(limit) bytes")
    }
    return Data(bytes)
  }
}
