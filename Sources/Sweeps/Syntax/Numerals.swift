/// Numbers as sweep files write them.
///
/// Decimal digits, `_` between digits for the eye, a point and an exponent for numbers that need
/// not be whole. No hexadecimal, no infinities.
enum Numerals {
  /// A whole number; nil if the text is none or does not fit 64 bits.
  static func whole(_ text: String) -> Int? {
    guard isNumeral(text, of: "0123456789_+-") else { return nil }
    return Int(withoutSpacers(text))
  }

  /// A finite number; nil if the text is none, or one so small that it would be taken for 0.
  ///
  /// −0 becomes 0, which is the same point of a sweep.
  static func real(_ text: String) -> Double? {
    guard isNumeral(text, of: "0123456789_+-.eE"),
      let value = Double(withoutSpacers(text)), value.isFinite
    else { return nil }
    guard value == 0 else { return value }
    return hasDigitsAboveZero(text) ? nil : 0
  }

  /// Whether a text is a number above or below 0 that is too small to be told from 0.
  static func isTooSmall(_ text: String) -> Bool {
    isNumeral(text, of: "0123456789_+-.eE") && Double(withoutSpacers(text)) == 0
      && hasDigitsAboveZero(text)
  }

  /// A number with a point in place of a decimal comma; nil if the text is none with a comma.
  static func withPoint(_ text: String) -> String? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let repaired = parts.joined(separator: ".")
    return parts.count == 2 && real(repaired) != nil ? repaired : nil
  }

  /// Whether the digits before the exponent are not all zeros.
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
