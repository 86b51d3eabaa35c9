import ArgumentParser
import Console
import CoordinatorService
import Foundation

/// `coordinator data`: the image archives that trials train on.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract:
      "Lists, fetches, prepares, shows and verifies the image archives that trials train on.",
    discussion: """
      A data set is decoded once into an archive, <data set>.images, in the data folder: --data, \
      or $BOTTLENECKSWEEP_DATA, or ~/.local/share/bottlenecksweep.
      """,
    subcommands: [List.self, Fetch.self, Prepare.self, Show.self, Verify.self])

  struct DataFolder: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of prepared image archives.", valueName: "dir"))
    var data: Folder?

    var url: URL? { data?.url }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says which data sets are prepared.")

    @OptionGroup var folder: DataFolder

    func run() throws {
      print(DataReport.list(folder.url), terminator: "")
    }
  }

  struct Prepare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decodes a data set's published files into an archive.")

    @Argument(help: "The data set: mnist, dsprites, sprites28, sprites64 or shapes64.")
    var dataset: String

    @Option(
      help: ArgumentHelp(
        "Folder or file of the published data; not needed for drawn sets.", valueName: "path"),
      completion: .file())
    var from: String?

    @OptionGroup var folder: DataFolder

    @Flag(help: "Prepares again even if a valid archive is there.")
    var force = false

    func run() throws {
      print(
        try DataReport.prepare(
          dataset, from: from.map { URL(filePath: $0) }, into: folder.url, force: force),
        terminator: "")
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads every archive and compares it with its digests.")

    @OptionGroup var folder: DataFolder

    func run() throws {
      let (text, isSound) = DataReport.verify(folder.url)
      print(text, terminator: "")
      if !isSound { throw ExitCode(1) }
    }
  }
}
