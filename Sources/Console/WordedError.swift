import ArgumentParser
import Files

/// An error with a description for people.
struct WordedError: Error, CustomStringConvertible {
  let description: String

  /// An error in words that a terminal can show.
  ///
  /// An error of the argument parser, such as a request for help, stays as it is.
  static func wording(_ error: any Error, of command: any ParsableCommand.Type) -> any Error {
    let isForeign = command.exitCode(for: error) == .failure || ErrorWords.isFoundation(error)
    guard isForeign, !(error is ExitCode) else { return error }
    return WordedError(description: TerminalText.lines(ErrorWords.text(error)))
  }
}

extension ParsableCommand {
  /// Runs the program with its arguments and exits; describes errors in words.
  package static func mainInWords() -> Never {
    var command = parsed()
    do {
      // libzmq and Foundation abort a process that runs out of files.
      try OpenFileLimit.require(OpenFileLimit.least)
      try command.run()
    } catch {
      exit(withError: WordedError.wording(error, of: Self.self))
    }
    exit()
  }

  /// The command that the arguments ask for; exits where they are wrong.
  fileprivate static func parsed() -> any ParsableCommand {
    do {
      return try parseAsRoot()
    } catch {
      exit(withError: error)
    }
  }
}

extension AsyncParsableCommand {
  /// Runs the program with its arguments and exits; describes errors in words.
  package static func mainInWords() async -> Never {
    var command = parsed()
    do {
      // libzmq and Foundation abort a process that runs out of files.
      try OpenFileLimit.require(OpenFileLimit.least)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      exit(withError: WordedError.wording(error, of: Self.self))
    }
    exit()
  }
}
