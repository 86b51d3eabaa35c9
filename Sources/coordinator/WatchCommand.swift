import ArgumentParser
import Console
import CoordinatorService

/// `coordinator watch`: a running sweep on a terminal.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows a running sweep on this terminal, as `run` does on its own.",
    discussion: """
      Ends when no coordinator runs the sweep any more, and then says how far it is. Ctrl-C ends \
      the watching; the sweep goes on.
      """
  ).exiting()

  @Argument(help: "The folder given to `coordinator run --out`.")
  var folder: Folder

  func run() throws { try SweepWatch.perform(folder.url) }
}
