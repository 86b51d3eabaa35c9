/// Why access is refused or keys cannot be used, and what a person should do.
package struct AccessError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was found, where, and what was expected.
  package var reason: String
  /// What to do.
  package var remedy: String

  /// An error of the given texts.
  package init(_ reason: String, remedy: String) {
    self.reason = reason
    self.remedy = remedy
  }

  package var description: String { "\(reason); \(remedy)" }
}
