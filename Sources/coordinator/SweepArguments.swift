import ArgumentParser
import Console
import CoordinatorService

/// The arguments of `run` and `plan` for reading a sweep file.
struct SweepArguments: ParsableArguments {
  @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
  var sweep: FileArgument

  @OptionGroup var changes: SweepChanges

  @Option(
    help: ArgumentHelp(
      "Folder of prepared image archives; see `coordinator data`.", valueName: "dir"))
  var data: Folder?

  /// The request of these arguments.
  var request: SweepRequest { changes.request(of: sweep.url, data: data) }
}
