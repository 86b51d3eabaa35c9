import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator reproduce`: repeats a recorded trial and compares the results.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Repeats a recorded trial on this machine and compares the results bit for bit.",
    discussion: """
      Trains on one core, from the beginning, on the instruction set of the record where this \
      machine has it. State digests are compared at every milestone and at the end, and so are the \
      reports, the trajectory and the files. On the same instruction set and build everything is \
      the same to the last bit; on another one it says within what, and where it first differs.

      Changes nothing in the sweep's folder.
      """
  ).exiting([
    .done: "the same bits, or another instruction set",
    .failed: "another result on the same instruction set, or an error",
  ])

  @Argument(help: "The folder given to `coordinator run --out`.", completion: .sweepFolder)
  var folder: Folder

  @Argument(help: TrialArguments.help, completion: .trials)
  var trial: String

  @Option(
    help: ArgumentHelp(
      "Folder of prepared image archives; see `coordinator data`.", valueName: "dir"))
  var data: Folder?

  @Option(
    help: ArgumentHelp("Keeps the computed files in this folder.", valueName: "dir"))
  var out: Folder?

  func run() throws {
    let finding = try TrialReproduction.perform(
      TrialReproduction.Options(
        folder: folder.url, trial: trial, data: data?.url, out: out?.url)
    ) { text in
      TerminalText.tell(text)
    }
    TerminalText.show(finding.text)
    if !finding.isExplained { throw ExitCode(.failed) }
  }
}
