/// Why bytes are not a safetensors file.
///
/// The caller adds the file's path.
package struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The offset of the error in the file.
  package let offset: Int
  /// What was found.
  package let found: String
  /// What was expected.
  package let expected: String

  init(_ offset: Int, found: String, expected: String) {
    self.offset = offset
    self.found = found
    self.expected = expected
  }

  package var description: String { "at byte \(offset): found \(found), expected \(expected)" }
}
