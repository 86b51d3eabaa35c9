/// Numbers in the syntax of sweep files.
///
/// Decimal digits, which `_` may separate; for real numbers also a point and an exponent. No
/// hexadecimal digits, no infinities.
enum Numerals {
  /// A whole number; nil if the text is not one or does not fit 64 bits.
  static func whole(_ text: String) -> Int? {
    guard isNumeral(text, of: "0123456789_+-") else { return nil }
    return Int(withoutSpacers(text))
  }

  /// A finite number; nil if the text is not one, or underflows to 0.
  ///
  /// −0 becomes 0, because both are the same point of a sweep.
  static func real(_ text: String) -> Double? {
    guard isNumeral(text, of: "0123456789_+-.eE"),
      let value = Double(withoutSpacers(text)), value.isFinite
    else { return nil }
    guard value == 0 else { return value }
    return hasDigitsAboveZero(text) ? nil : 0
  }

  /// Whether a text is a number other than 0 that underflows to 0.
  static func isTooSmall(_ text: String) -> Bool {
    isNumeral(text, of: "0123456789_+-.eE") && Double(withoutSpacers(text)) == 0
      && hasDigitsAboveZero(text)
  }

  /// A number with its decimal comma replaced by a point; nil if the text is not such a number.
  static func withPoint(_ text: String) -> String? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let repaired = parts.joined(separator: ".")
    return parts.count == 2 && real(repaired) != nil ? repaired : nil
  }

  /// Whether a digit before the exponent is not 0.
  private static func hasDigitsAboveZero(_ text: String) -> Bool {
    text.prefix { $0 != "e" && $0 != "E" }.contains { $0.isNumber && $0 != "0" }
  }

  /// The shortest text that reads back as the number: `3`, `0.25`, `1e-05`.
  static func text(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? value.description
  }

  private static func isNumeral(_ text: String, of characters: String) -> Bool {
    !text.isEmpty && text.utf8.first != spacer && text.utf8.last != spacer
      && text.utf8.allSatisfy { characters.utf8.contains($0) }
  }

  private static let spacer = UInt8(ascii: "_")

  private static func withoutSpacers(_ text: String) -> String {
    text.utf8.contains(spacer) ? text.filter { $0 != "_" } : text
  }
}
