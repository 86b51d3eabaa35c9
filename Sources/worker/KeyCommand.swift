import ArgumentParser
import Console
import WorkerService

/// `worker key`: this host's public key.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Prints this host's public key; makes the pair if there is none."
  ).exiting()

  @Flag(help: "Makes another pair; it is to be enrolled anew.")
  var new = false

  @OptionGroup var keys: KeysArguments

  func run() throws {
    print(try WorkerEnrolment.key(in: keys.url, renewing: new), terminator: "")
  }
}
