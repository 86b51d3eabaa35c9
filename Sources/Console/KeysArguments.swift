import ArgumentParser
import Foundation

/// The option for the folder of keys.
package struct KeysArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of this host's keys and of those that it accepts.",
      discussion: "Without it: $BOTTLENECKSWEEP_KEYS, or ~/.config/bottlenecksweep.",
      valueName: "dir"))
  var keys: Folder?

  package init() {}

  /// The folder; nil for the standard one.
  package var url: URL? { keys?.url }
}
