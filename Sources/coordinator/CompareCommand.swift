import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator compare`: compares the open gates of two sweeps at their tolerances.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares the numbers of open gates of two sweeps at their tolerances.",
    discussion: """
      For each tolerance: the fewest gates with which a trial kept it or a tighter one. Over the \
      tolerances between the tightest and the loosest that both have kept: their mean, which is the area under the front by its width, \
      with its range over the replicates. Also while the sweeps run; writes nothing in their folders.
      """
  ).exiting()

  @Argument(
    help: "The folder of the first sweep, as given to `coordinator run --out`.",
    completion: .sweepFolder)
  var a: Folder

  @Argument(help: "The folder of the second sweep.", completion: .sweepFolder)
  var b: Folder

  @Flag(help: "Answers in JSON.")
  var json = false

  @Option(
    help: ArgumentHelp("Draws both fronts in one figure, an SVG file.", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var svg: FileArgument?

  func run() throws {
    let comparison = try SweepComparison(a.url, b.url)
    if let svg { try comparison.draw(to: svg.url) }
    TerminalText.show(json ? comparison.json : comparison.text)
  }
}
