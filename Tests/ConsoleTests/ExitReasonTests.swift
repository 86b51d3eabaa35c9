import ArgumentParser
import Testing

@testable import Console

@Suite("Exit codes")
struct ExitReasonTests {
  @Test("a command's help ends with its own meanings, and those of every command")
  func sentence() {
    let plain = CommandConfiguration(abstract: "Does.").exiting()
    #expect(
      plain.discussion
        == "Exit codes: 0 done; 1 an error, explained on standard error; 64 a wrong command line.")
    let own = CommandConfiguration(discussion: "It does.").exiting([.done: "sound", .stopped: "so"])
    #expect(own.discussion.hasPrefix("It does.\n\nExit codes: 0 sound; 1 an error"))
    #expect(own.discussion.hasSuffix("; 64 a wrong command line; 130 so."))
  }

  @Test("the code of a wrong command line is the parser's")
  func usage() {
    #expect(ExitCode.validationFailure.rawValue == ExitReason.wrongCommandLine.rawValue)
  }
}
