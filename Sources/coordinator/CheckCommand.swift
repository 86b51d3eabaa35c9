import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator check`: whether a sweep's folder is sound, and what of it can be kept if not.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Holds a sweep's record, blobs and outputs against their checksums.",
    discussion: """
      Reads everything and changes nothing. Says what is damaged and what to do; the exit code is \
      1 then. The outputs are compared while no coordinator runs.

      With --salvage, every result of a damaged folder that checksums prove is brought into a new \
      folder, with its files, and the trials whose results are lost are named; the exit code is 1 \
      when there are any. The damaged folder stays as it is. `coordinator run --out NEW-DIR` runs \
      the others again.
      """)

  @OptionGroup var sweep: SweepFolder

  @Option(
    help: ArgumentHelp(
      "Makes this folder of all that can be proved.", valueName: "new-dir"))
  var salvage: Folder?

  @Option(
    name: .customLong("sweep"),
    help: ArgumentHelp(
      "The sweep file; needed where the plan in the record is damaged as well.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var sweepFile: String?

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
      print(sweep.json ? check.json : check.text, terminator: "")
      if !check.isSound { throw ExitCode(1) }
      return
    }
    let outcome = try SweepSalvage.perform(
      from: sweep.url, into: salvage.url,
      sweep: sweepFile.map { changes.request(of: $0, data: nil) })
    print(sweep.json ? outcome.json : outcome.text, terminator: "")
    if !outcome.isWhole { throw ExitCode(1) }
  }
}
