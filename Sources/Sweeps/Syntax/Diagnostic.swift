/// One error in a sweep: position, what was found, what was expected.
package struct Diagnostic: Hashable, Sendable {
  /// Its position.
  package let place: SourcePlace
  /// What was found, as a noun phrase.
  package let found: String
  /// What was expected.
  package let expected: String
  /// The nearest valid name, if one is near.
  package let suggestion: String?
}

extension Diagnostic: CustomStringConvertible {
  /// The position, what was found, what was expected, and the nearest name.
  package var description: String {
    "\(place): \(found); expected \(expected)"
      + (suggestion.map { "; did you mean \($0)?" } ?? "")
  }
}

/// All errors in a sweep, from the top of the file to the bottom.
package struct SweepFileError: Error, Hashable, Sendable {
  /// The first ``maximumCount`` diagnostics, sorted by position; at least one.
  package let diagnostics: [Diagnostic]
  /// How many more there were.
  package let omittedCount: Int

  /// The most diagnostics in one report.
  package static let maximumCount = 20
}

extension SweepFileError: CustomStringConvertible {
  /// One line per diagnostic.
  package var description: String {
    var lines = diagnostics.map(\.description)
    if omittedCount > 0 { lines.append("… and \(omittedCount) more") }
    return lines.joined(separator: "\n")
  }
}

/// Collects diagnostics, so that all errors of a file are reported at once.
struct DiagnosticLog {
  private var diagnostics: Set<Diagnostic> = []

  var isEmpty: Bool { diagnostics.isEmpty }

  /// Whether it is full, so that checking can stop.
  var isFull: Bool { diagnostics.count >= SweepFileError.maximumCount }

  /// Adds a diagnostic; a duplicate is ignored.
  mutating func report(
    _ found: String, at place: SourcePlace, expected: String, suggestion: String? = nil
  ) {
    diagnostics.insert(
      Diagnostic(place: place, found: found, expected: expected, suggestion: suggestion))
  }

  /// Throws the diagnostics, if there are any.
  func check() throws(SweepFileError) {
    guard !diagnostics.isEmpty else { return }
    let sorted = diagnostics.sorted { ($0.place, $0.found) < ($1.place, $1.found) }
    throw SweepFileError(
      diagnostics: Array(sorted.prefix(SweepFileError.maximumCount)),
      omittedCount: max(0, sorted.count - SweepFileError.maximumCount))
  }
}
