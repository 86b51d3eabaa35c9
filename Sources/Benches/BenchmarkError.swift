/// Why nothing could be measured or judged.
public struct BenchmarkError: Error, CustomStringConvertible {
  /// What was found, and of which process.
  public let description: String

  /// An error with these words.
  public init(_ description: String) { self.description = description }
}
