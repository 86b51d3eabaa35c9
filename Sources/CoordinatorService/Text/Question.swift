import Console
import Foundation
import Glibc

/// A question to the person at the terminal.
package enum Question {
  /// Shows a text and asks whether to continue; without a terminal the answer is no.
  package static func isAgreed(_ text: String) -> Bool {
    TerminalText.tell(text)
    guard isatty(STDIN_FILENO) == 1 else { return false }
    TerminalText.tell("Go on? (y/N) ")
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
