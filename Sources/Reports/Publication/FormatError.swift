/// An error in the content of a file; the caller adds which file.
struct FormatError: Error, Hashable {
  /// A line or an offset.
  var place: String
  /// What was found.
  var found: String
  /// What was expected.
  var expected: String
}
