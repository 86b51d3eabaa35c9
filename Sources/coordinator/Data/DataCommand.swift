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
    subcommands: [List.self, Fetch.self, Prepare.self, Show.self, Verify.self]
  ).exiting()

  struct DataFolder: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of prepared image archives.", valueName: "dir"))
    var data: Folder?

    var url: URL? { data?.url }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the prepared data sets."
    ).exiting()

    @OptionGroup var folder: DataFolder

    func run() throws {
      TerminalText.show(try DataReport.list(folder.url))
    }
  }

  struct Prepare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decodes a data set's published files, or your own images, into an archive.",
      discussion: """
        Your own images are a folder of PNG and JPEG files (its subfolder "test" is what the \
        evaluation error is measured on, else a sample is held back), or a .npy or .npz file of \
        N×H×W or N×H×W×C unsigned bytes, floats from 0 to 1 or truth values. They are cut to the \
        square in the middle and scaled, down by area, up bilinearly; colour becomes grey as \
        0.299 R + 0.587 G + 0.114 B, grey becomes colour with three equal channels.
        """
    ).exiting()

    @Argument(
      help: "The data set; `coordinator data list` names them all.", completion: .datasets)
    var dataset: String

    @Option(
      help: ArgumentHelp(
        "Folder, file or archive as its publisher ships it; not needed for drawn sets.",
        valueName: "path"),
      completion: .file())
    var from: FileArgument?

    @Option(
      help: ArgumentHelp(
        "Shape of your own images: 28x28x1, 64x64x1 or 64x64x3; makes the data set's name yours.",
        valueName: "shape"))
    var `as`: String?

    @OptionGroup var folder: DataFolder

    @Flag(help: "Prepares again even if a valid archive is there.")
    var force = false

    func run() throws {
      TerminalText.show(
        try DataReport.prepare(
          dataset, as: `as`, from: from?.url, into: folder.url, force: force))
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads every archive and compares it with its digests."
    ).exiting([.done: "every archive is sound", .failed: "one is not, or an error"])

    @OptionGroup var folder: DataFolder

    func run() throws {
      let (text, isSound) = try DataReport.verify(folder.url)
      TerminalText.show(text)
      if !isSound { throw ExitCode(.failed) }
    }
  }
}
