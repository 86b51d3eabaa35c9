import ArgumentParser
import Console
import CoordinatorService

/// `coordinator revoke`: revokes a worker's key.
struct RevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Revokes a worker's key; a running coordinator dismisses the worker at once.",
    discussion:
      "Its trials are assigned to others; results that it has not delivered stay on its disk."
  ).exiting()

  @Argument(help: "The worker's name, or its public key.", completion: .admittedWorkers)
  var worker: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(try AccessCommands.revoke(worker, in: keys.url))
  }
}
