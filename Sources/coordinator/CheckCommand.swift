import ArgumentParser
import CoordinatorService
import Foundation

/// `coordinator check`: whether a sweep's folder is sound.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Holds a sweep's record, blobs and outputs against their checksums.",
    discussion: """
      Reads everything and changes nothing. Says what is damaged and what to do; the exit code is \
      1 then. The outputs are compared while no coordinator runs.
      """)

  @OptionGroup var sweep: SweepFolder

  func run() throws {
    let check = try SweepCheck(sweep.url)
    print(sweep.json ? check.json : check.text, terminator: "")
    if !check.isSound { throw ExitCode(1) }
  }
}
