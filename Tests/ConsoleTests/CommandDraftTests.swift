import Foundation
import TestSupport
import Testing

@testable import Console

@Suite("Command lines that a shell completes")
struct CommandDraftTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["first run", "second"] {
      let sweep = try folder.folder(name)
      try Data().write(to: sweep.appending(path: CommandDraft.databaseName))
    }
    _ = try folder.folder("other")
    _ = try folder.folder(".hidden")
    _ = try folder.file("file", holding: [])
  }

  private func draft(_ words: String..., beginning: String = "") -> CommandDraft {
    CommandDraft(
      words: words + [beginning], index: words.count, beginning: beginning,
      home: folder.url.path)
  }

  @Test("the sweep is the first word that is a sweep's folder, quoted or not")
  func sweep() {
    let path = folder.file("first run").path
    for word in ["'\(path)'", "\"\(path)\"", path.replacing(" ", with: "\\ "), "~/'first run'"] {
      let found = draft("coordinator", "explain", "--json", word, "t1").sweep
      #expect(found?.path == path, "\(word)")
    }
    #expect(draft("coordinator", "explain", "/nowhere", folder.file("other").path).sweep == nil)
    #expect(draft().sweep == nil)
  }

  @Test("the folder of an option is found in every spelling")
  func option() {
    for words in [["--data", "/a"], ["--data", "=", "/a"], ["--data=/a"]] {
      let draft = CommandDraft(
        words: ["coordinator"] + words + [""], index: 1 + words.count, beginning: "")
      #expect(draft.folder(after: "--data")?.path == "/a", "\(words)")
    }
    #expect(draft("coordinator", "--data").folder(after: "--data") == nil)
    #expect(draft("coordinator", "--data=").folder(after: "--data") == nil)
    #expect(draft("coordinator").folder(after: "--data") == nil)
  }

  @Test("sweeps' folders go before others, which lead on")
  func folders() {
    func found(_ beginning: String) -> [String] {
      draft("coordinator", "status", beginning: beginning).sweepFolders(home: folder.url.path)
        .sorted()
    }
    let path = folder.url.path
    #expect(found("\(path)/") == ["\(path)/first run", "\(path)/second"])
    #expect(found("\(path)/s") == ["\(path)/second"])
    #expect(found("\(path)/o") == ["\(path)/other/"])
    #expect(found("\(path)/.h") == ["\(path)/.hidden/"])
    #expect(found("~/sec") == ["~/second"])
    #expect(found("/nowhere/x") == [])
    #expect(found("\u{0}") == [])
  }

  @Test("numbers of words that are out of range are no danger")
  func indices() {
    for index in [-1, 0, 7, Int.max] {
      #expect(CommandDraft(words: ["a"], index: index, beginning: "").sweep == nil)
    }
  }
}
