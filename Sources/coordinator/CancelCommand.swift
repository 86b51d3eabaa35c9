import ArgumentParser
import Console
import CoordinatorService

/// `coordinator cancel`: stops trials.
struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Stops trials and takes them off the plan; `retry` puts them back.",
    discussion: "Trials that depend on a cancelled one cannot run either. Results are kept."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.severalHelp, completion: .trials) var trials: [String]
  @Option(help: "The reason, for the record.") var reason = "cancelled by a person"

  func validate() throws { try Reason.validate(reason, option: "--reason") }

  func run() throws {
    try sweep.change(AdministrationRequest(.cancel, trials: trials, reason: reason))
  }
}
