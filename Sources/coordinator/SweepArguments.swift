import ArgumentParser
import CoordinatorService
import Foundation

/// What `run` and `plan` both need to read a sweep file.
struct SweepArguments: ParsableArguments {
  @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
  var sweep: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Replaces a value of the sweep file; may be repeated.",
      discussion: "For example --set 'axes.tolerance=[3, 10]' --set 'budget=10 epochs'.",
      valueName: "path=value"))
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "Multiplies every budget, for cheap rehearsals of big sweeps.", valueName: "factor"))
  var scaleBudget = 1.0

  @Option(
    help: ArgumentHelp(
      "Folder of prepared image archives; see `coordinator data`.", valueName: "dir"),
    completion: .directory)
  var data: String?

  /// The request that these arguments make.
  var request: SweepRequest {
    SweepRequest(
      file: URL(filePath: sweep), overrides: overrides, budgetScale: scaleBudget,
      dataFolder: data.map { URL(filePath: $0, directoryHint: .isDirectory) })
  }
}
