import ArgumentParser
import Console
import CoordinatorService

/// `coordinator admit`: admits a worker by its public key.
struct AdmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admit",
    abstract: "Admits a worker by its public key, also to a running coordinator.",
    discussion: """
      The key is what `worker key` prints on the worker's host, which needs `worker trust KEY` with \
      the coordinator's. `coordinator enroll` does both with one command.
      """
  ).exiting()

  @Argument(help: "The worker's public key.")
  var publicKey: String

  @Option(help: "The worker's name.")
  var name: String

  @Flag(help: "Several hosts may use the key, as in a cluster with a shared home folder.")
  var shared = false

  @Flag(help: "Admits the key even if it was revoked.")
  var again = false

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(
      try AccessCommands.admit(
        publicKey, as: name, isShared: shared, evenIfRevoked: again, in: keys.url))
  }
}
