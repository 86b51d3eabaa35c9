import ArgumentParser
import Console
import CoordinatorService
import Foundation
import Images

extension DataCommand {
  /// `coordinator data show`: draws images of a data set.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draws images of a prepared data set into a PNG file."
    ).exiting()

    @Argument(
      help: "The data set; `data list` shows which are prepared.", completion: .preparedDatasets)
    var dataset: String

    @Option(
      help: ArgumentHelp(
        "The file; without it the data set's name and .png in this folder.", valueName: "file"),
      completion: .file(extensions: ["png"]))
    var out: FileArgument?

    @Option(help: ArgumentHelp("How many images, spread over all.", valueName: "n"))
    var count = 64

    @Flag(help: "Shows the images that the evaluation error is measured on.")
    var evaluation = false

    @OptionGroup var folder: DataFolder

    func validate() throws {
      guard out != "" else { throw ValidationError("--out: found nothing, expected a file") }
      guard DataReport.sheetCounts.contains(count) else {
        throw ValidationError(
          "--count: found \(count), expected 1 to \(DataReport.sheetCounts.upperBound)")
      }
    }

    func run() throws {
      TerminalText.show(
        try DataReport.show(
          dataset, part: evaluation ? .evaluation : .training, count: count,
          to: out?.url, folder: folder.url))
    }
  }
}
