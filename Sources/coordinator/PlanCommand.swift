import ArgumentParser
import Console
import CoordinatorService

/// `coordinator plan`: shows what a sweep would do.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Validates a sweep file and says what it would cost; runs nothing."
  ).exiting([
    .done: "nothing is wrong with the sweep file",
    .failed: "the sweep file has errors, shown on standard error",
  ])

  @OptionGroup var sweep: SweepArguments

  @Flag(help: "Prints every trial, with its configuration, as JSON.")
  var json = false

  @OptionGroup var reuse: ReuseArguments

  func validate() throws {
    guard !json || reuse.folders.isEmpty else {
      throw ValidationError("found both --json and --reuse, expected one of them")
    }
  }

  func run() throws {
    TerminalText.show(
      try PlanReport.text(
        sweep.request, reuse: reuse.folders, anyBuild: reuse.anyBuild, asJSON: json))
  }
}
