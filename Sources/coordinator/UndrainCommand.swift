import ArgumentParser
import Console
import CoordinatorService

/// `coordinator undrain`: gives work to a drained host again.
struct UndrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undrain",
    abstract: "Lets a drained host run trials again."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: "The host's name, as `coordinator status` shows it.", completion: .drainedHosts)
  var host: String

  func run() throws {
    try sweep.change(AdministrationRequest(.undrain, host: host))
  }
}
