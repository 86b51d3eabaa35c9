import ArgumentParser
import Console
import CoordinatorService

/// `coordinator retry`: retries failed and cancelled trials.
struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Retries failed or cancelled trials, and the trials that wait for them."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.severalHelp, completion: .trials) var trials: [String] = []
  @Flag(help: "All trials that failed.") var failed = false

  func validate() throws {
    guard failed == trials.isEmpty else {
      throw ValidationError("expected either trials or --failed")
    }
  }

  func run() throws {
    try sweep.change(
      AdministrationRequest(.retry, trials: failed ? nil : trials, failed: failed))
  }
}
