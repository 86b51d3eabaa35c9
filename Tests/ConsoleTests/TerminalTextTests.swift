import ArgumentParser
import Foundation
import Testing

@testable import Console

@Suite("Untrusted text on a terminal")
struct TerminalTextTests {
  @Test("No line of a log message looks like another message")
  func message() {
    #expect(TerminalText.message("trial 3: höst, 東京, 🙂\t1") == "trial 3: höst, 東京, 🙂\t1")
    #expect(
      TerminalText.message("it left: x\n12:00:00 coordinator: trial 3 complete")
        == "it left: x\n  | 12:00:00 coordinator: trial 3 complete")
    #expect(
      TerminalText.message("\u{1B}[2J\0\u{202E}\r\u{85}\u{2028}\u{9B}31m")
        == "\u{FFFD}[2J\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}31m")
  }

  @Test("A plain log is shown unchanged, however it is split")
  func stream() {
    let text = "höst 東京 🙂\n\tline\n"
    for count in 1...5 {
      var stream = TerminalStream()
      var shown = Data()
      var left = Data(text.utf8)
      while !left.isEmpty {
        shown += stream.take(left.prefix(count))
        left = Data(left.dropFirst(count))
      }
      #expect(String(decoding: shown, as: UTF8.self) == text)
    }
  }

  @Test("Control characters and invalid bytes are replaced")
  func hostileStream() {
    var stream = TerminalStream()
    let bytes = Array("a\u{1B}]0;title\u{7}b\r\nc\u{202E}\0".utf8) + [0xFF, 0xC3, 0x28, 0x80, 0x80]
    let shown = String(decoding: stream.take(Data(bytes)), as: UTF8.self)
    #expect(shown.hasPrefix("a\u{FFFD}]0;title\u{FFFD}b\nc\u{FFFD}\u{FFFD}\u{FFFD}"))
    #expect(!shown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
  }

  @Test("an error's words have no control characters, and the parser's errors stay")
  func words() {
    struct Hostile: Error, CustomStringConvertible {
      let description = "found \u{1B}[31mred\u{202E}\nexpected black"
    }
    struct Sample: ParsableCommand {}
    func wording(_ error: any Error) -> any Error { WordedError.wording(error, of: Sample.self) }
    let worded = "\(wording(Hostile()))"
    #expect(worded == "found \u{FFFD}[31mred\u{FFFD}\nexpected black")
    #expect(wording(ExitCode(.failed)) is ExitCode)
    #expect(wording(ValidationError("x")) is ValidationError)
  }

  @Test("all text reaches the terminal through this module")
  func onePlace() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources")
    let paths = FileManager.default.enumerator(atPath: sources.path)?.allObjects ?? []
    var count = 0
    // The benchmarks print what they measure, no text of others.
    for path in paths.compactMap({ $0 as? String })
    where path.hasSuffix(".swift") && !path.hasPrefix("Console/") && !path.hasPrefix("bench")
      && !path.hasPrefix("Benches/")
    {
      count += 1
      let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
      for line in text.split(separator: "\n") where !line.contains("///") {
        #expect(
          line.firstMatch(of: /(^|[^.\w])print\(|standardError\.write|fputs\(/) == nil,
          "\(path): \(line); TerminalText.show or tell makes it safe for a terminal")
      }
    }
    #expect(count > 400)
  }
}
