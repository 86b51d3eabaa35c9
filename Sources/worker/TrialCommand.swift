import ArgumentParser
import Console
import Foundation
import WorkerService

/// `worker trial`: one trial alone, no coordinator.
struct TrialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trial",
    abstract: "Runs one trial alone, without a coordinator.",
    discussion: """
      CONFIG is a trial as `coordinator plan SWEEP --json` lists it, or its configuration alone; \
      `-` reads it from standard input: coordinator plan SWEEP --json | jq '.trials[0]' | worker \
      trial - --out DIR. The same configuration gives the same bytes as in a sweep on the same \
      machine. A trial that waits for another trial's output cannot be run.
      """
  ).exiting()

  @Argument(
    help: "The configuration file; - for standard input.", completion: .file(extensions: ["json"]))
  var config: FileArgument

  @Option(help: ArgumentHelp("Folder for the results.", valueName: "dir"))
  var out: Folder

  @Option(
    help: ArgumentHelp(
      "The image archive to train on.",
      discussion: "Without it: <data set>.images in the data folder of `coordinator data`.",
      valueName: "file"),
    completion: .file(extensions: ["images"]))
  var images: FileArgument?

  @Flag(help: "Runs the decoder for both gate vectors even if they are equal; gives the same bits.")
  var forceSecondPass = false

  @Option(
    help: ArgumentHelp(
      "Threads that compute, at most the cores that this process may use.",
      discussion: "The bits of the results do not depend on it.", valueName: "n"))
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "Steps after which to write checkpoint-<step>.safetensors, such as 0,1,100.",
      discussion: "0 is the initial state.", valueName: "steps"))
  var checkpointAt: String?

  @Option(
    help: ArgumentHelp(
      "Writes a checkpoint every so many seconds as well, and keeps the two newest.",
      discussion: "SIGTERM or Ctrl-C writes one in any case.", valueName: "seconds"))
  var checkpointEvery: CheckpointEvery?

  @Flag(help: "Writes a checkpoint at the end, for a longer run to resume from.")
  var checkpointAtEnd = false

  @Option(
    help: ArgumentHelp(
      "The checkpoint to resume from; of several, the first usable one.",
      discussion: "Its trajectory is expected beside it. The results are those of a trial that was "
        + "never interrupted. A longer run may resume from a shorter one's checkpoint, too.",
      valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var resume: [FileArgument] = []

  @Flag(help: .hidden)
  var supervised = false

  func validate() throws {
    guard !(supervised && config.url.relativePath == "-") else {
      throw ValidationError("found standard input and --supervised, expected a file")
    }
    _ = try checkpointSteps()
    try TrialThreads.validate(threads, option: "--threads")
  }

  private func checkpointSteps() throws -> Set<Int> {
    let steps = try checkpointAt?.split(separator: ",", omittingEmptySubsequences: false).map {
      guard let step = Int($0), (0...Int(Int32.max)).contains(step) else {
        throw ValidationError(
          "--checkpoint-at: found \"\($0)\", expected step numbers from 0 to \(Int32.max), with commas"
        )
      }
      return step
    }
    return Set(steps ?? [])
  }

  func run() throws {
    try SingleTrial.run(
      SingleTrial.Options(
        configuration: config.url.relativePath, folder: out.url,
        images: images?.url, forcesSecondPass: forceSecondPass,
        threads: threads,
        checkpointSteps: try checkpointSteps(), checkpointInterval: checkpointEvery?.interval,
        savesAtEnd: checkpointAtEnd, checkpoints: resume.map(\.url),
        isSupervised: supervised))
  }
}
