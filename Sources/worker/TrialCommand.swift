import ArgumentParser
import Foundation
import WorkerService

/// `worker trial`: one trial alone, no coordinator.
struct TrialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trial",
    abstract: "Runs one trial alone, without a coordinator.",
    discussion: """
      CONFIG is a trial's configuration as JSON, as in `coordinator plan SWEEP --json`. The same \
      configuration gives the same bytes as in a sweep on the same machine.
      """)

  @Argument(help: "The configuration file.", completion: .file(extensions: ["json"]))
  var config: String

  @Option(help: ArgumentHelp("Folder for the results.", valueName: "dir"), completion: .directory)
  var out: String

  @Option(
    help: ArgumentHelp(
      "The image archive to train on.",
      discussion: "Without it: <data set>.images in the data folder of `coordinator data`.",
      valueName: "file"),
    completion: .file(extensions: ["images"]))
  var images: String?

  @Flag(help: "Runs the decoder for both gate vectors even where they agree; the same bits.")
  var forceSecondPass = false

  @Flag(help: .hidden)
  var supervised = false

  func run() throws {
    try SingleTrial.run(
      SingleTrial.Options(
        configuration: URL(filePath: config),
        folder: URL(filePath: out, directoryHint: .isDirectory),
        images: images.map { URL(filePath: $0) }, forcesSecondPass: forceSecondPass,
        isSupervised: supervised))
  }
}
