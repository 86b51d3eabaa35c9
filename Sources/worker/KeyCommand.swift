import ArgumentParser
import Console
import WorkerService

/// `worker key`: this host's public key.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Prints this host's public key; creates the pair if there is none."
  ).exiting()

  @Flag(help: "Creates a new pair, which must be enrolled again.")
  var new = false

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(try WorkerEnrolment.key(in: keys.url, renewing: new))
  }
}
