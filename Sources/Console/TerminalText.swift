import Foundation
import Trials

/// Makes untrusted text safe for a terminal: without control characters, and with marked lines that
/// cannot look like this program's.
///
/// Other text is unchanged.
package enum TerminalText {
  /// A text of several lines.
  package static func lines(_ text: String) -> String { PlainText.lines(text) }

  /// A message of a log: lines after the first are marked.
  static func message(_ text: String) -> String {
    PlainText.lines(text).replacing(scalar: "\n", with: "\n  | ")
  }

  /// Prints a text of several lines to standard output.
  package static func show(_ text: String) { print(lines(text), terminator: "") }

  /// Writes a text of several lines to standard error, above a ``LiveRegion`` that is open.
  package static func tell(_ text: String) { LiveRegion.write(lines(text)) }

  /// Writes a line to standard error in place of the line at the cursor, for a terminal.
  package static func redraw(_ line: String) {
    LiveRegion.write("\r\u{1b}[K" + PlainText.line(line))
  }
}

/// Makes a stream of untrusted bytes safe for a terminal.
package struct TerminalStream {
  /// The first bytes of an incomplete character.
  private var rest = Data()

  /// A stream before its first byte.
  package init() {}

  /// The safe text of the next bytes; an incomplete character waits for its end.
  package mutating func take(_ bytes: Data) -> Data {
    let all = rest + bytes
    let whole = all.prefix(all.count - Self.cutByteCount(of: all))
    rest = Data(all.suffix(all.count - whole.count))
    let text = String(decoding: whole, as: UTF8.self).replacing("\r\n", with: "\n")
    return Data(TerminalText.lines(text).utf8)
  }

  /// The number of bytes at the end that begin an incomplete character.
  private static func cutByteCount(of bytes: Data) -> Int {
    for (count, byte) in zip(1...3, bytes.reversed()) {
      switch byte {
      case 0x80...0xBF: continue
      case 0xC2...0xDF: return count < 2 ? count : 0
      case 0xE0...0xEF: return count < 3 ? count : 0
      case 0xF0...0xF4: return count < 4 ? count : 0
      default: return 0
      }
    }
    return 0
  }
}
