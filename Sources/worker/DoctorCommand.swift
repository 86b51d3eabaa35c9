import ArgumentParser
import Console
import Doctor
import WorkerService

/// `worker doctor`: checks whether this host can run a worker and reach its coordinator.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Checks whether this host can run a worker and reach the coordinator.",
  ).exiting([.done: "nothing is at fault", .failed: "something is, or an error"])

  @Argument(help: "The coordinator, such as tcp://host:5750; only this host without it.")
  var endpoint: String?

  @Option(help: ArgumentHelp("Folder for images and unsent results.", valueName: "dir"))
  var cache: Folder?

  @Flag(help: "The connection will be unencrypted.")
  var plain = false

  @Flag(help: "A connection to a loopback address will be encrypted.")
  var curve = false

  @OptionGroup var keys: KeysArguments

  @Flag(help: "Prints the findings as JSON.")
  var json = false

  func run() throws {
    let checkup = try WorkerDoctor.examine(
      endpoint: endpoint, cache: cache?.url, keys: keys.url, isPlain: plain, isEncrypted: curve)
    TerminalText.show(json ? checkup.json : checkup.text)
    if !checkup.isSound { throw ExitCode(.failed) }
  }
}
