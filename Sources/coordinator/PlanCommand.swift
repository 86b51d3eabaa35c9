import ArgumentParser
import CoordinatorService

/// `coordinator plan`: says what a sweep would do, and does nothing.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Validates a sweep file and says what it would cost; runs nothing.")

  @OptionGroup var sweep: SweepArguments

  @Flag(help: "Prints every trial, with its configuration, as JSON.")
  var json = false

  func run() throws {
    print(try PlanReport.text(sweep.request, asJSON: json), terminator: "")
  }
}
