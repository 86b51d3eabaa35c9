import ArgumentParser
import Files

/// An error with a description for people.
private struct WordedError: Error, CustomStringConvertible {
  let description: String
}

extension ParsableCommand {
  /// Runs the program with its arguments and exits; describes errors in words.
  package static func mainInWords() -> Never {
    do {
      var command = try parseAsRoot()
      // libzmq and Foundation abort a process that runs out of files.
      try OpenFileLimit.require(OpenFileLimit.least)
      try command.run()
    } catch {
      exit(withError: Self.worded(error))
    }
    exit()
  }

  private static func worded(_ error: any Error) -> any Error {
    guard error is DecodingError || ErrorWords.isFoundation(error) else { return error }
    return WordedError(description: ErrorWords.text(error))
  }
}
