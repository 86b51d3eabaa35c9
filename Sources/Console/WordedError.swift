import ArgumentParser
import Files
import Trials

/// An error that says itself nothing to people, in words.
private struct WordedError: Error, CustomStringConvertible {
  let description: String
}

extension ParsableCommand {
  /// Runs the program with the arguments that it was given, and ends it; no error reaches people but
  /// in words.
  package static func mainInWords() -> Never {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      exit(withError: Self.worded(error))
    }
    exit()
  }

  private static func worded(_ error: any Error) -> any Error {
    if error is DecodingError { return WordedError(description: CanonicalJSON.describe(error)) }
    guard ErrorWords.isFoundation(error) else { return error }
    return WordedError(description: ErrorWords.text(error))
  }
}
