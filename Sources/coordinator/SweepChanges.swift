import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// The changes of a command line to a sweep file.
struct SweepChanges: ParsableArguments {
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

  /// Whether nothing is changed.
  var isEmpty: Bool { overrides.isEmpty && scaleBudget == 1 }

  /// The request for a sweep file with these changes.
  func request(of file: URL, data: Folder?) -> SweepRequest {
    SweepRequest(
      file: file, overrides: overrides, budgetScale: scaleBudget,
      dataFolder: data?.url)
  }
}
