/// Why bytes are not a safetensors file.
///
/// Whoever knows the file adds its path.
package struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The byte, counted from the file's start, at which the file stops being what it should.
  package let offset: Int
  /// What is there.
  package let found: String
  /// What should be there.
  package let expected: String

  init(_ offset: Int, found: String, expected: String) {
    self.offset = offset
    self.found = found
    self.expected = expected
  }

  package var description: String { "at byte \(offset): found \(found), expected \(expected)" }
}
