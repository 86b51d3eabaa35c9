import ArgumentParser
import Console
import CoordinatorService

/// `coordinator explain`: why a trial stands where it does.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says why a trial waits, where it runs, and what happened to it.",
    discussion: "Also without workers, and without a coordinator."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.help) var trial: String

  func run() throws {
    try sweep.answer(AdministrationRequest(.explain, trials: [trial])) { $0.trial?.text }
  }
}
