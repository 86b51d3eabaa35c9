import Foundation

/// One word of a shell's command line, for the commands that messages tell a person to give.
package enum ShellWord {
  /// A text as a shell reads it for exactly one word; in quotes only if it needs them.
  ///
  /// A text with control characters has the form `$'…'` of bash, zsh and ksh.
  package static func quoted(_ text: String) -> String {
    let bytes = Array(text.utf8)
    if !bytes.isEmpty, bytes.first != UInt8(ascii: "="), bytes.allSatisfy(isPlain) { return text }
    guard !text.unicodeScalars.contains(where: isCommand) else { return "$'\(escaped(bytes))'" }
    // Compared by scalars: a quote and a combining mark behind it are one character.
    var word = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "'" {
        word.append(contentsOf: "'\\''".unicodeScalars)
      } else {
        word.append(scalar)
      }
    }
    return "'\(String(word))'"
  }

  /// A path as an argument, which no program takes for an option.
  package static func path(_ path: String) -> String {
    quoted(path.utf8.first == UInt8(ascii: "-") ? "./\(path)" : path)
  }

  /// The text that a shell makes of a word: without quotes and backslashes, with the home folder
  /// for `~`.
  ///
  /// Variables are left as they are.
  package static func text(of word: String, home: String) -> String {
    var text = String.UnicodeScalarView()
    var quote: Unicode.Scalar?
    var isEscaped = false
    for scalar in word.unicodeScalars {
      if isEscaped {
        isEscaped = false
        text.append(scalar)
      } else if scalar == "\\", quote != "'" {
        isEscaped = true
      } else if scalar == quote {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
      } else {
        text.append(scalar)
      }
    }
    guard word == "~" || word.utf8.starts(with: "~/".utf8) else { return String(text) }
    return home + String(text.dropFirst())
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "/._-+:@%,=".utf8.contains(byte)
    }
  }

  /// Whether a terminal would not show a character as it is.
  private static func isCommand(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format: true
    default: false
    }
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\" + String(UnicodeScalar(byte))
      case 0x20...0x7E: String(UnicodeScalar(byte))
      default:
        "\\" + String(repeating: "0", count: byte < 8 ? 2 : byte < 64 ? 1 : 0)
          + String(byte, radix: 8)
      }
    }.joined()
  }
}

extension URL {
  /// The path as an argument of a command that is shown: relative if it was given so.
  package var shellWord: String { ShellWord.path(relativePath) }
}
