import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator discard`: discards results.
struct DiscardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard",
    abstract: "Discards results; their trials are computed again.",
    discussion: """
      The results are kept aside in the record. Trials that took their tolerance or their dimensions \
      from one of them, and longer runs that resumed from its end, are repeated too; they are listed \
      for confirmation first. Works on a running and on a stopped sweep.
      """
  ).exiting()

  @OptionGroup var sweep: SweepFolder
  @Argument(help: TrialArguments.severalHelp, completion: .trials) var trials: [String]
  @Option(help: "The reason, for the record.") var why: String
  @Flag(name: .shortAndLong, help: "Does not ask; needed without a terminal.")
  var yes = false

  func validate() throws { try Reason.validate(why, option: "--why") }

  func run() throws {
    if !yes {
      let preview = try Administration.perform(
        AdministrationRequest(.discard, trials: trials, preview: true, reason: why), in: sweep.url)
      guard Question.isAgreed((preview.changes ?? []).map { "\($0)\n" }.joined()) else {
        throw Unchanged()
      }
    }
    try sweep.change(AdministrationRequest(.discard, trials: trials, reason: why))
  }
}

/// The user did not confirm.
private struct Unchanged: Error, CustomStringConvertible {
  let description =
    "nothing was changed: the discard was not confirmed; --yes discards without asking"
}
