import ArgumentParser
import Console
import WorkerService

/// `worker trust`: trusts a coordinator by its public key.
struct TrustCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust",
    abstract: "Trusts the coordinator of a public key, and no other.",
    discussion: "The key is what `coordinator key` prints; `worker enroll` does this too."
  ).exiting()

  @Argument(help: "The coordinator's public key.")
  var coordinatorKey: String

  @OptionGroup var keys: KeysArguments

  func run() throws {
    TerminalText.show(try WorkerEnrolment.trust(coordinatorKey, in: keys.url))
  }
}
