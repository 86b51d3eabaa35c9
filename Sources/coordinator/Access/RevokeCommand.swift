import ArgumentParser
import Console
import CoordinatorService

/// `coordinator revoke`: admits a worker no longer.
struct RevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Admits a worker no longer; a running coordinator dismisses it at once.",
    discussion: "Its trials go to others; what it finished and did not hand in stays on its disk."
  ).exiting()

  @Argument(help: "The worker's name, or its public key.")
  var worker: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    print(try AccessCommands.revoke(worker, in: keys.url), terminator: "")
  }
}
