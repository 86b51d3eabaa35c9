extension String {
  /// The text with another text in place of every occurrence of a Unicode scalar.
  ///
  /// `replacing(_:with:)` compares characters, so that it overlooks a quote with a combining mark
  /// behind it, which every other program takes for a quote.
  package func replacing(scalar: Unicode.Scalar, with text: String) -> String {
    guard unicodeScalars.contains(scalar) else { return self }
    var replaced = String.UnicodeScalarView()
    for own in unicodeScalars {
      if own == scalar { replaced += text.unicodeScalars } else { replaced.append(own) }
    }
    return String(replaced)
  }
}
