import ArgumentParser
import Console
import CoordinatorService

/// `coordinator watch`: shows a running sweep on a terminal.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows a running sweep on this terminal: trials, hosts, front, latest events.",
    discussion: """
      Shows the display of `run` on another terminal, for example over ssh, and below it the hosts, the \
      open gates of each tolerance as bars (full: on the front, shaded: beaten, light: tolerance \
      not kept), and the latest events. Without a terminal it prints a line every 15 s and \
      one per event, the latest 20 at a time.

      Ends when no coordinator runs the sweep any more, and then shows its state. Ctrl-C ends \
      the display; the sweep continues.
      """
  ).exiting()

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  func run() throws { try SweepWatch.perform(folder.url) }
}
