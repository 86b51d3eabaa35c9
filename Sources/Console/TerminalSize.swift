import Foundation

/// The size of a terminal.
package struct TerminalSize: Hashable, Sendable {
  /// Characters of width 1 in a row.
  package var columns: Int
  /// The most rows of a text that does not scroll.
  package var rows: Int

  /// A size of at least one column and one row.
  package init(columns: Int, rows: Int) {
    self.columns = max(1, columns)
    self.rows = max(1, rows)
  }

  /// The current size of a terminal; 80 columns and 24 rows if unknown.
  ///
  /// C function: `ioctl` with `TIOCGWINSZ`. One row is kept for the cursor.
  package init(of descriptor: Int32) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    self.init(
      columns: isKnown && size.ws_col > 0 ? Int(size.ws_col) : 80,
      rows: (isKnown && size.ws_row > 1 ? Int(size.ws_row) : 24) - 1)
  }

  /// A line truncated to a row, with a mark if something is omitted.
  package func fitted(_ line: String) -> String {
    guard Self.width(of: line) > columns else { return line }
    var fitted = ""
    var width = 1
    for character in line {
      width += Self.width(of: character)
      guard width <= columns else { break }
      fitted.append(character)
    }
    return fitted + "…"
  }

  /// The number of rows of a line, with wrapping.
  func rows(of line: String) -> Int {
    max(1, (Self.width(of: line) + columns - 1) / columns)
  }

  /// The number of columns of a text.
  package static func width(of text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.reduce(0) { $0 + width(of: $1) }
  }

  /// Two columns for wide East Asian characters and emoji, one for all others.
  private static func width(of character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
