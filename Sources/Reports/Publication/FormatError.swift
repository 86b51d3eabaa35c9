import Foundation
import TensorFiles

/// An error in the content of a file; the caller adds which file.
struct FormatError: Error, Hashable {
  /// A line or an offset.
  var place: String
  /// What was found.
  var found: String
  /// What was expected.
  var expected: String
}

extension Safetensors {
  /// Reads a file's bytes.
  ///
  /// - Throws: ``FormatError`` naming the offset.
  static func read(_ data: Data) throws(FormatError) -> Safetensors {
    do {
      return try Safetensors(parsing: data)
    } catch {
      throw FormatError(
        place: "offset \(error.offset)", found: error.found, expected: error.expected)
    }
  }
}
