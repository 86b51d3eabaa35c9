import ArgumentParser
import Console
import CoordinatorService

/// `coordinator workers`: the admitted workers.
struct WorkersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workers",
    abstract: "Lists the workers that are admitted, and those that were revoked."
  ).exiting()

  @OptionGroup var keys: KeysArguments

  @Flag(help: "Prints the list as JSON.")
  var json = false

  func run() throws {
    TerminalText.show(try AccessCommands.list(in: keys.url, asJSON: json))
  }
}
