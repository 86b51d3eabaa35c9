import Files
import Foundation
import Testing

@Suite("Words of a shell's command line")
struct ShellWordTests {
  private static let texts = [
    "runs/f3", "tcp://north:5750", "latents=10,tolerance=3", "runs/a b", "it's", "a\"b", "$HOME",
    "`id`", "~/x", "*", "tcp://*:5750", "tcp://[::1]:5750", "a\\b", "höhe", "'\u{301}", "=cat", "",
    "a;b", "#a", "a\nb", "\u{1b}[31m", "\u{202e}x", "tab\there", "\u{1}7", "!!",
  ]

  /// What a shell makes of a word.
  private func read(_ word: String, by shell: String) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: shell)
    process.arguments = ["-c", "printf %s \(word)"]
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  @Test("a shell reads every text back, byte for byte", arguments: texts)
  func quoted(text: String) throws {
    let word = ShellWord.quoted(text)
    #expect(Array(try read(word, by: "/bin/bash").utf8) == Array(text.utf8), "\(word)")
    #expect(!word.unicodeScalars.contains { $0.properties.generalCategory == .control })
    guard !word.hasPrefix("$'") else { return }
    #expect(Array(try read(word, by: "/bin/sh").utf8) == Array(text.utf8), "\(word)")
    #expect(Array(ShellWord.text(of: word, home: "/home/a").utf8) == Array(text.utf8))
  }

  @Test("what needs no quotes has none, and a path is never an option")
  func plain() {
    #expect(ShellWord.quoted("runs/f3") == "runs/f3")
    #expect(ShellWord.quoted("tcp://10.0.0.1:5750") == "tcp://10.0.0.1:5750")
    #expect(ShellWord.path("-o") == "./-o")
    #expect(URL(filePath: "my runs").shellWord == "'my runs'")
  }

  @Test("a word that is being typed is read without its quotes")
  func text() {
    #expect(ShellWord.text(of: "~/runs", home: "/home/a") == "/home/a/runs")
    #expect(ShellWord.text(of: "a\\ b\"c d", home: "/") == "a bc d")
    #expect(ShellWord.text(of: "'it'\\''s'", home: "/") == "it's")
  }
}
