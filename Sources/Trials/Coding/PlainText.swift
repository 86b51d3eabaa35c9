/// Texts of others without what commands a terminal, ends a line where none ends, or turns the
/// order of letters around.
///
/// Each such character becomes U+FFFD, the replacement character. A text that has none of them stays
/// as it is, byte for byte.
package enum PlainText {
  /// A text that may have several lines: line feeds and tabs stay.
  package static func lines(_ text: String) -> String {
    replaced(text) { $0 != "\n" && $0 != "\t" && isCommand($0) }
  }

  /// A text of one line.
  package static func line(_ text: String) -> String { replaced(text, isCommand) }

  /// Controls (ESC, NUL, line ends), separators of lines and paragraphs, and the marks that change
  /// the direction of writing, such as U+202E.
  private static func isCommand(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return true
    default: return properties.isBidiControl
    }
  }

  private static func replaced(
    _ text: String, _ isReplaced: (Unicode.Scalar) -> Bool
  ) -> String {
    guard text.unicodeScalars.contains(where: isReplaced) else { return text }
    var plain = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { plain.append(isReplaced(scalar) ? "\u{FFFD}" : scalar) }
    return String(plain)
  }
}
