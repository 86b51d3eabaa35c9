/// One thing that is wrong with a sweep: where, what was found, what was expected.
package struct Diagnostic: Hashable, Sendable {
  /// Where it stands.
  package let place: SourcePlace
  /// What stands there, as a noun phrase.
  package let found: String
  /// What should stand there.
  package let expected: String
  /// The nearest thing that would be right, if one is near.
  package let suggestion: String?
}

extension Diagnostic: CustomStringConvertible {
  /// The place, what was found, what was expected, and the nearest name.
  package var description: String {
    "\(place): \(found); expected \(expected)"
      + (suggestion.map { "; did you mean \($0)?" } ?? "")
  }
}

/// Everything that is wrong with a sweep, from the top of the file to the bottom.
package struct SweepFileError: Error, Hashable, Sendable {
  /// The first ``maximumCount`` diagnostics, sorted by place; at least one.
  package let diagnostics: [Diagnostic]
  /// How many more there were.
  package let omittedCount: Int

  /// How many diagnostics one report holds.
  package static let maximumCount = 20
}

extension SweepFileError: CustomStringConvertible {
  /// One line for each diagnostic.
  package var description: String {
    var lines = diagnostics.map(\.description)
    if omittedCount > 0 { lines.append("… and \(omittedCount) more") }
    return lines.joined(separator: "\n")
  }
}

/// Collects diagnostics, so that one look at a file finds all that is wrong with it.
struct DiagnosticLog {
  private var diagnostics: Set<Diagnostic> = []

  var isEmpty: Bool { diagnostics.isEmpty }

  /// Whether there is no point in looking any further.
  var isFull: Bool { diagnostics.count >= SweepFileError.maximumCount }

  /// Notes a diagnostic; the same one twice is noted once.
  mutating func report(
    _ found: String, at place: SourcePlace, expected: String, suggestion: String? = nil
  ) {
    diagnostics.insert(
      Diagnostic(place: place, found: found, expected: expected, suggestion: suggestion))
  }

  /// Throws what has been noted, if anything.
  func check() throws(SweepFileError) {
    guard !diagnostics.isEmpty else { return }
    let sorted = diagnostics.sorted { ($0.place, $0.found) < ($1.place, $1.found) }
    throw SweepFileError(
      diagnostics: Array(sorted.prefix(SweepFileError.maximumCount)),
      omittedCount: max(0, sorted.count - SweepFileError.maximumCount))
  }
}
