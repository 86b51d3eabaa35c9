import Foundation
import Glibc

/// A question to the person at the terminal.
package enum Question {
  /// Shows a text and asks whether to continue; without a terminal the answer is no.
  package static func isAgreed(_ text: String) -> Bool {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    guard isatty(STDIN_FILENO) == 1 else { return false }
    try? FileHandle.standardError.write(contentsOf: Data("Go on? (y/N) ".utf8))
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
