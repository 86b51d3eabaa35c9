import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator check`: verifies a sweep's folder, or salvages a damaged one.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Verifies the checksums of a sweep's record, blobs and outputs.",
    discussion: """
      Changes nothing. Lists what is damaged and what to do. The outputs are \
      compared while no coordinator runs.

      With --salvage, plan and results of a damaged folder are copied to a new one, with their \
      files. They are read from results.log, even if the database is lost: every result whose digest \
      is valid and that no later entry discards is kept, also one that was written when the \
      power failed, before it was acknowledged. If sweep.sqlite is intact, it replaces damaged \
      parts of the log. Attempts, times, checkpoints and what unfinished trials have delivered \
      are not kept: these trials start from step 0. Trials whose results are lost are named if \
      they are known. The damaged folder is not changed. \
      `coordinator run --out NEW-DIR` runs the others again, to the same bits.
      """
  ).exiting([
    .done: "nothing is damaged or missing",
    .failed: "something is damaged, missing or possibly lost, or an error",
  ])

  @OptionGroup var sweep: SweepFolder

  @Option(
    help: ArgumentHelp(
      "Creates this folder with all that can be verified.", valueName: "new-dir"))
  var salvage: Folder?

  @Option(
    name: .customLong("sweep"),
    help: ArgumentHelp(
      "The sweep file; needed if the plan in the record is lost too.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var sweepFile: FileArgument?

  @OptionGroup var changes: SweepChanges

  func validate() throws {
    guard salvage != nil || sweepFile == nil else {
      throw ValidationError("--sweep: expected --salvage with it")
    }
    guard sweepFile != nil || changes.isEmpty else {
      throw ValidationError("--set, --scale-budget: expected --sweep with them")
    }
  }

  func run() throws {
    guard let salvage else {
      let check = try SweepCheck(sweep.url)
      TerminalText.show(sweep.json ? check.json : check.text)
      if !check.isSound { throw ExitCode(.failed) }
      return
    }
    let outcome = try SweepSalvage.perform(
      from: sweep.url, into: salvage.url,
      sweep: sweepFile.map { changes.request(of: $0.url, data: nil) })
    TerminalText.show(sweep.json ? outcome.json : outcome.text)
    if !outcome.isWhole { throw ExitCode(.failed) }
  }
}
