import ArgumentParser
import Console
import CoordinatorService
import Doctor
import Foundation

/// `coordinator run`: runs or resumes a sweep.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a sweep on workers and writes its results; resumes a stopped sweep.",
    discussion: """
      Start workers on any host with `worker --connect ENDPOINT`, or let --local-workers start \
      them here. The outputs in --out are valid at every moment. Ctrl-C stops this coordinator \
      and the local workers; remote workers continue training and deliver their results when the same \
      command is given again. A second Ctrl-C within 5 s also stops the remote workers' \
      trials.

      At a network address connections are encrypted, and only workers that `coordinator enroll` \
      or `admit` named may connect; at a loopback address they are plain and anybody on this \
      machine may.
      """
  ).exiting([
    .done: "the sweep is complete", .trialsFailed: ExitReason.trialsFailed.words,
    .stopped: ExitReason.stopped.words,
  ])

  @OptionGroup var sweep: SweepArguments

  @Option(help: ArgumentHelp("Folder for the sweep's record and its outputs.", valueName: "dir"))
  var out: Folder

  @Option(
    help: ArgumentHelp(
      "Where workers connect; the data connection takes the next port.",
      discussion: "Without it: tcp://127.0.0.1:5750, or any free port with --local-workers.",
      valueName: "endpoint"))
  var listen: String?

  @Option(
    help: ArgumentHelp(
      "Starts this many workers on this machine; auto: one per core that this process may use.",
      valueName: "n"),
    transform: Self.localWorkerCount)
  var localWorkers = 0

  @Flag(
    help:
      "Leaves connections over the network unencrypted and open to everybody; for trusted networks."
  )
  var plain = false

  @Flag(help: "Encrypts connections at a loopback address too, for example for an ssh tunnel.")
  var curve = false

  @OptionGroup var keys: KeysArguments

  @OptionGroup var reuse: ReuseArguments

  @Flag(help: "Retries trials that failed in an earlier run.")
  var retryFailed = false

  @Flag(help: "Prints lines at intervals on a terminal too, instead of a live display.")
  var lines = false

  @Flag(
    help: "Also starts `dashboard`, at 127.0.0.1:8080 or a free port; it ends with this run.")
  var dashboard = false
  @Option(
    help: ArgumentHelp(
      "Writes a line of JSON for every event in the record; a later run continues the file.",
      valueName: "file"))
  var events: FileArgument?
  @Flag(
    name: .shortAndLong,
    help: "Accepts a changed sweep file without asking; needed without a terminal.")
  var yes = false

  private static func localWorkerCount(_ text: String) throws -> Int {
    if text == "auto" { return min(UsableCores.count, 1024) }
    guard let count = Int(text), (0...1024).contains(count) else {
      throw ValidationError("found \(text), expected auto or 0 to 1024")
    }
    return count
  }

  func validate() throws {
    guard !(plain && curve) else {
      throw ValidationError("found both --plain and --curve, expected one of them")
    }
  }

  func run() throws {
    let outcome = try SweepRun.perform(
      SweepRun.Options(
        request: sweep.request, outFolder: out.url, listen: listen, localWorkers: localWorkers,
        retryFailed: retryFailed, assumesYes: yes, reuse: reuse.folders,
        reusesAnyBuild: reuse.anyBuild, printsLines: lines,
        events: events?.url, startsDashboard: dashboard, keys: keys.url,
        isPlain: plain,
        isEncrypted: curve))
    throw ExitCode(outcome.exitReason)
  }
}
