import ArgumentParser
import Console
import CoordinatorService
import Doctor

/// `coordinator doctor`: checks whether this host can run a coordinator.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Checks whether this host can run a coordinator, and says what to do if not."
  ).exiting([.done: "nothing is at fault", .failed: "something is, or an error"])

  @Option(
    help: ArgumentHelp(
      "The endpoint that `coordinator run` is to be given; without it that of the sweep that runs in "
        + "--out, or else loopback.",
      valueName: "endpoint"))
  var listen: String?

  @Option(
    help: ArgumentHelp("The folder for `coordinator run --out`.", valueName: "dir"),
    completion: .sweepFolder)
  var out: Folder?

  @Flag(help: "Connections over the network will be unencrypted.")
  var plain = false

  @OptionGroup var keys: KeysArguments

  @Flag(help: "Prints the findings as JSON.")
  var json = false

  func run() throws {
    let checkup = try CoordinatorDoctor.examine(
      .init(keys: keys.url, listen: listen, out: out?.url, isPlain: plain))
    TerminalText.show(json ? checkup.json : checkup.text)
    if !checkup.isSound { throw ExitCode(.failed) }
  }
}
