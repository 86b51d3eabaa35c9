import ArgumentParser
import Console
import CoordinatorService

/// `coordinator cancel`: no results of some trials are wanted.
struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Stops trials and takes them off the plan; `retry` puts them back.",
    discussion: "Trials that wait for a cancelled one cannot run either. Results stay."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.severalHelp) var trials: [String]
  @Option(help: "Why, for the record.") var reason = "cancelled by a person"

  func run() throws {
    try sweep.change(AdministrationRequest(.cancel, trials: trials, reason: reason))
  }
}
