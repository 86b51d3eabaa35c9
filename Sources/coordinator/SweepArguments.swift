import ArgumentParser
import Console
import CoordinatorService

/// What `run` and `plan` both need to read a sweep file.
struct SweepArguments: ParsableArguments {
  @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
  var sweep: String

  @OptionGroup var changes: SweepChanges

  @Option(
    help: ArgumentHelp(
      "Folder of prepared image archives; see `coordinator data`.", valueName: "dir"))
  var data: Folder?

  /// The request that these arguments make.
  var request: SweepRequest { changes.request(of: sweep, data: data) }
}
