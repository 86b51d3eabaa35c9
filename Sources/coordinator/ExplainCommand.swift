import ArgumentParser
import Console
import CoordinatorService

/// `coordinator explain`: shows the state of a trial and its reason.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Shows why a trial waits, where it runs, and what happened to it.",
    discussion: "Works without workers and without a coordinator too."
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.help, completion: .trials) var trial: String

  func run() throws {
    try sweep.answer(AdministrationRequest(.explain, trials: [trial])) { $0.trial?.text }
  }
}
