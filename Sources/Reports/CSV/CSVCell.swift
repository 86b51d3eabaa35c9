import Trials

/// Cells of a table: numbers, and untrusted text, for instance a worker's, made safe.
enum CSVCell {
  /// A number with all its digits; empty if it is unknown.
  static func number(_ number: Double?) -> String { number.map(NumberText.shortest) ?? "" }

  /// A whole number; empty if it is unknown.
  static func number(_ number: Int?) -> String { number.map(String.init) ?? "" }

  /// The scalars at which a spreadsheet recognises a formula.
  private static let formulaBeginnings: Set<Unicode.Scalar> = [
    "=", "+", "-", "@", "＝", "＋", "－", "＠",
  ]

  /// The text on one line, without control characters.
  ///
  /// An apostrophe is put before a formula, so that spreadsheets take it for text. Scalars are
  /// compared, since a spreadsheet finds a formula's sign with a combining mark behind it as well.
  static func foreign(_ text: String) -> String {
    let line = PlainText.line(text)
    guard let first = line.unicodeScalars.first(where: isShown), formulaBeginnings.contains(first)
    else { return line }
    return "'" + line
  }

  /// Whether a scalar is visible by itself: no space, nothing of width 0, no combining mark.
  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    guard !properties.isWhitespace, !properties.isDefaultIgnorableCodePoint else { return false }
    return switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .spacingMark, .format: false
    default: true
    }
  }
}
