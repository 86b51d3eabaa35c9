/// What is wrong with the content of a file, before it is known whose it is.
struct FormatError: Error, Hashable {
  /// A line or an offset.
  var place: String
  /// What was found there.
  var found: String
  /// What should have been.
  var expected: String
}
