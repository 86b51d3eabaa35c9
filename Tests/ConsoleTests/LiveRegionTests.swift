import Foundation
import Testing

@testable import Console

@Suite("Updated lines at the bottom of a terminal", .serialized)
struct LiveRegionTests {
  private let pipe = Pipe()

  private func region() -> LiveRegion { LiveRegion(pipe.fileHandleForWriting.fileDescriptor) }

  /// The bytes written since the last call.
  private var written: String {
    String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
  }

  @Test("lines replace the previous ones, and messages are printed above")
  func drawing() {
    let region = region()
    region.show { _ in ["one", "two"] }
    #expect(written == "one\ntwo\n")
    region.show { _ in ["three"] }
    #expect(written == "\u{1b}[2F\u{1b}[Jthree\n")
    region.takeMessages()
    #expect(LiveRegion.isOpen)
    LiveRegion.write("a message\n")
    #expect(written == "\u{1b}[1F\u{1b}[Ja message\nthree\n")
    region.close()
    #expect(!LiveRegion.isOpen)
    region.show { _ in ["four"] }
    #expect(written == "four\n")
  }

  @Test("a terminal gets at most its number of rows and columns")
  func size() {
    region().show { size in
      #expect(size == TerminalSize(columns: 80, rows: 23))
      return (0..<40).map { "\($0)" + String(repeating: "-", count: 100) }
    }
    let lines = written.split(separator: "\n")
    #expect(lines.count == 23)
    #expect(lines.allSatisfy { $0.count == 80 && $0.hasSuffix("…") })
  }

  @Test("another process's output is relayed line by line")
  func relay() throws {
    let words = Pipe()
    let region = region()
    region.takeMessages()
    defer { region.close() }
    LiveRegion.relay(words.fileHandleForReading)
    try words.fileHandleForWriting.write(contentsOf: Data("first\nsec".utf8))
    #expect(written == "first\n")
    try words.fileHandleForWriting.write(contentsOf: Data("ond".utf8))
    try words.fileHandleForWriting.close()
    #expect(written == "second\n")
  }

  @Test("a line that is too long for a terminal ends with a mark; wide letters take two columns")
  func fitted() {
    let size = TerminalSize(columns: 5, rows: 1)
    #expect(size.fitted("abcde") == "abcde")
    #expect(size.fitted("abcdef") == "abcd…")
    #expect(size.fitted("日本語") == "日本…")
    #expect(TerminalSize.width(of: "τ = 8 日") == 8)
    #expect(size.rows(of: "") == 1 && size.rows(of: "abcde") == 1 && size.rows(of: "abcdef") == 2)
  }
}
