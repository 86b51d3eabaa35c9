import ArgumentParser
import CoordinatorService
import Foundation

/// `coordinator report`: rebuilds every output of a sweep from its record.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Rebuilds every output of a sweep from its record; also while it runs.")

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .directory)
  var folder: String

  func run() throws {
    let written = try SweepReport.rebuild(URL(filePath: folder, directoryHint: .isDirectory))
    print(written, terminator: "")
  }
}
