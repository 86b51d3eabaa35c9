/// Removes control characters, line ends and bidirectional marks from untrusted text.
///
/// Each such character becomes U+FFFD, the replacement character. A text without them is unchanged,
/// byte for byte.
package enum PlainText {
  /// A text of several lines: line feeds and tabs stay.
  package static func lines(_ text: String) -> String {
    replaced(text) { $0 != "\n" && $0 != "\t" && isCommand($0) }
  }

  /// A text of one line.
  package static func line(_ text: String) -> String { replaced(text, isCommand) }

  /// Whether a character is a control (ESC, NUL, line ends), a line or paragraph separator, or a
  /// bidirectional mark such as U+202E.
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
