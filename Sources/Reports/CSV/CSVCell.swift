import Trials

/// A text of others, of a worker say, as a cell of a table.
enum CSVCell {
  /// What a spreadsheet takes for the beginning of a formula.
  private static let formulaBeginnings: Set<Character> = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]

  /// The text on one line, without controls; one that a spreadsheet would compute begins with an
  /// apostrophe, which makes it a text there.
  static func foreign(_ text: String) -> String {
    let line = PlainText.line(text)
    guard let first = line.first(where: { !$0.isWhitespace }), formulaBeginnings.contains(first)
    else { return line }
    return "'" + line
  }
}
