import Foundation
import Glibc

/// Small files that people give: sweep files, configurations, keys.
package enum WholeFile {
  /// All bytes of a file.
  ///
  /// - Parameter limit: Bytes beyond which it is not what it should be.
  /// - Throws: The error of a file that cannot be opened or read, is no regular file, or is longer.
  package static func read(_ path: String, limit: Int) throws(FileError) -> Data {
    let file = try OpenFile<FileError>(path, flags: O_RDONLY)
    // One byte more shows a file that is longer, or still grows.
    let bytes = try file.read(at: 0, count: min(try file.byteCount(), limit) + 1)
    guard bytes.count <= limit else {
      throw FileError("read", path, code: EFBIG, found: "more than \(limit) bytes")
    }
    return Data(bytes)
  }
}
