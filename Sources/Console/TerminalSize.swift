import Foundation

/// How much text a terminal shows.
package struct TerminalSize: Hashable, Sendable {
  /// Characters of ordinary width in a row.
  package var columns: Int
  /// Rows that a text may take without moving the first one off the screen.
  package var rows: Int

  /// A size of at least one column and one row.
  package init(columns: Int, rows: Int) {
    self.columns = max(1, columns)
    self.rows = max(1, rows)
  }

  /// The size of a terminal now; 80 columns and 24 rows where it does not say.
  ///
  /// C function: `ioctl` with `TIOCGWINSZ`. One row is kept for the cursor.
  package init(of descriptor: Int32) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    self.init(
      columns: isKnown && size.ws_col > 0 ? Int(size.ws_col) : 80,
      rows: (isKnown && size.ws_row > 1 ? Int(size.ws_row) : 24) - 1)
  }

  /// A line's beginning that fits into a row, with a mark where something is left out.
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

  /// How many rows a line takes that may be longer than a row.
  func rows(of line: String) -> Int {
    max(1, (Self.width(of: line) + columns - 1) / columns)
  }

  /// How many columns a text takes.
  package static func width(of text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.reduce(0) { $0 + width(of: $1) }
  }

  /// Two columns for the wide letters of East Asia and for pictures, one for all others.
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
