import ArgumentParser
import Console
import CoordinatorService

/// `coordinator status`: shows the progress of a sweep.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Shows a sweep's progress: trials, stages, workers, failures, and when it ends.",
    discussion: """
      Asks the coordinator that runs the sweep, otherwise reads the record. The time to the \
      end is an interval, from the speeds seen so far.
      """
  ).exiting()

  @OptionGroup var sweep: SweepFolder

  func run() throws {
    try sweep.answer(AdministrationRequest(.status)) { $0.status?.text }
  }
}
