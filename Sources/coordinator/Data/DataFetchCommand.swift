import ArgumentParser
import Console
import CoordinatorService

extension DataCommand {
  /// `coordinator data fetch`: from the publisher's address to an archive.
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Downloads a data set's published files, checks them and prepares the archive.",
      discussion: """
        The files stay in downloads/<data set> of the data folder. An interrupted download \
        continues when the command is repeated.
        """
    ).exiting()

    @Argument(help: "The data set, such as mnist.", completion: .publishedDatasets)
    var dataset: String

    @Option(
      help: ArgumentHelp(
        "A folder on the web that has the same files, instead of the publisher's.",
        valueName: "url"))
    var mirror: String?

    @OptionGroup var folder: DataFolder

    @Flag(help: "Prepares again even if a valid archive is there.")
    var force = false

    func validate() throws {
      guard let mirror else { return }
      let address = mirror.lowercased()
      guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
        throw ValidationError("--mirror: found \(mirror), expected http://… or https://…")
      }
    }

    func run() throws {
      TerminalText.show(
        try DataReport.fetch(dataset, mirror: mirror, into: folder.url, force: force))
    }
  }
}
