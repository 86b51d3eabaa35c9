import ArgumentParser
import Console
import CoordinatorService

/// `coordinator key`: the coordinator's public key.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Prints the coordinator's public key; creates the pair if there is none."
  ).exiting()

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(try AccessCommands.key(in: keys.url))
  }
}
