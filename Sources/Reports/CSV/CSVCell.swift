import Trials

/// Makes untrusted text, for instance a worker's, safe for a cell of a table.
enum CSVCell {
  /// The characters at which a spreadsheet recognises a formula.
  private static let formulaBeginnings: Set<Character> = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]

  /// The text on one line, without control characters.
  ///
  /// An apostrophe is put before a formula, so that spreadsheets take it for text.
  static func foreign(_ text: String) -> String {
    let line = PlainText.line(text)
    guard let first = line.first(where: { !$0.isWhitespace }), formulaBeginnings.contains(first)
    else { return line }
    return "'" + line
  }
}
