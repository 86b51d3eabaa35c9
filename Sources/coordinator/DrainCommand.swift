import ArgumentParser
import Console
import CoordinatorService

/// `coordinator drain`: stops giving work to a host.
struct DrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Makes the workers of a host hand back what they run, with checkpoints, and leave."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: "The host's name, as `coordinator status` shows it.", completion: .hosts)
  var host: String
  @Option(help: "The reason, for the record.") var reason = "drained by a person"

  func validate() throws { try Reason.validate(reason, option: "--reason") }

  func run() throws {
    try sweep.change(AdministrationRequest(.drain, host: host, reason: reason))
  }
}
