import ArgumentParser
import Console
import CoordinatorService

/// `coordinator report`: rebuilds every output of a sweep from its record.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Rebuilds every output of a sweep from its record; also while it runs."
  ).exiting()

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  func run() throws {
    TerminalText.show(try SweepReport.rebuild(folder.url))
  }
}
