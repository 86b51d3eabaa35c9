import Console
import Digests
import Files
import Foundation
import Glibc
import Images
import Messaging
import Narrowing
import Primitives
import Supervision
import Synchronization
import Trials
import Wire

/// Runs one trial in this process: `worker trial`, started by a person or by a worker.
package enum SingleTrial {
  /// The most threads that a trial can use: the number of parts of a batch.
  package static let maximumThreads = ComputeContext.partCount

  /// What to run, where.
  package struct Options: Sendable {
    var configuration: String
    var folder: URL
    var images: URL?
    var forcesSecondPass: Bool
    var threads: Int
    var checkpointSteps: Set<Int>
    var checkpointInterval: CheckpointInterval?
    var savesAtEnd: Bool
    var checkpoints: [URL]
    var isSupervised: Bool

    /// The options of one trial.
    ///
    /// - Parameters:
    ///   - configuration: The configuration file, JSON; `-` for standard input.
    ///   - folder: Where results go; created if missing.
    ///   - images: The image archive; nil looks in the data folder.
    ///   - forcesSecondPass: Whether the decoder runs for both gate vectors even if they are equal.
    ///   - threads: Number of compute threads. Results do not depend on it.
    ///   - checkpointSteps: The steps after which to write a checkpoint into the folder; 0 is the
    ///     initial state.
    ///   - checkpointInterval: How often to write further ones; nil for never.
    ///   - savesAtEnd: Whether to write one at the trial's end, for longer runs.
    ///   - checkpoints: The checkpoints to resume from; the first usable one is taken. Empty to
    ///     start from step 0.
    ///   - isSupervised: Whether a worker runs this. Then it reports ``TrialLine``s on standard
    ///     output, exits when standard input closes, and starts from step 0 if no checkpoint is
    ///     usable.
    package init(
      configuration: String, folder: URL, images: URL?, forcesSecondPass: Bool, threads: Int = 1,
      checkpointSteps: Set<Int> = [], checkpointInterval: CheckpointInterval? = nil,
      savesAtEnd: Bool = false, checkpoints: [URL] = [], isSupervised: Bool
    ) {
      self.configuration = configuration
      self.folder = folder
      self.images = images
      self.forcesSecondPass = forcesSecondPass
      self.threads = threads
      self.checkpointSteps = checkpointSteps
      self.checkpointInterval = checkpointInterval
      self.savesAtEnd = savesAtEnd
      self.checkpoints = checkpoints
      self.isSupervised = isSupervised
    }
  }

  /// Runs the trial to its end.
  ///
  /// - Throws: ``TrialFailure``, `FileError`, or the error of the configuration or the archive.
  package static func run(_ options: Options) throws {
    try InstructionSet.checkLimit()
    if !options.isSupervised {
      try TrialFolder.require(
        options.folder,
        inputs: [URL(filePath: options.configuration)] + [options.images].compactMap(\.self)
          + options.checkpoints)
    }
    try FileError.makeFolder(options.folder)
    let stop = StopFlag(endsWithInput: options.isSupervised)
    do {
      let configuration = try ConfigurationFile.read(options.configuration)
      let archive = try ImageArchive.open(
        at: try options.images
          ?? ArchiveLibrary(directory: ArchiveLibrary.defaultDirectory())
          .find(configuration.dataset).url)
      let runner = try TrialRunner(
        configuration: configuration, images: archive, directory: options.folder,
        options: .init(
          forceSecondPass: options.forcesSecondPass, threads: options.threads,
          progressInterval: options.isSupervised ? 0.5 : 5,
          checkpointSteps: options.checkpointSteps,
          checkpointInterval: options.checkpointInterval, savesWhenStopped: true,
          savesAtEnd: options.savesAtEnd, checkpoints: starts(options),
          startsOver: options.isSupervised))
      let beginning = TrialBeginning(
        step: runner.firstStep, refusals: runner.refusals, trajectory: runner.trajectoryStart)
      show(beginning)
      if options.isSupervised { tell(TrialLine(beginning: beginning)) }
      let result = try runner.run(
        reported: { index, report in
          guard options.isSupervised else { return }
          tell(TrialLine(milestone: ReachedMilestone(index: index, report: report)))
        },
        sampled: { trajectory in
          guard options.isSupervised else { return }
          tell(TrialLine(trajectoryByteCount: trajectory.byteCount))
        },
        progress: options.isSupervised ? { tell(TrialLine(progress: $0)) } : showProgress,
        checkpointed: { checkpoint in
          switch checkpoint {
          case .success(let written):
            if options.isSupervised { tell(TrialLine(checkpoint: written)) }
          case .failure(let failure): say("no checkpoint: \(failure)")
          }
        },
        shouldStop: { stop.isSet })
      try DurableFile.write(
        Data(ReceivedResult(result).bytes),
        to: options.folder.appending(path: WorkerFolder.resultFileName))
      if !options.isSupervised { show(result, in: options.folder) }
    } catch {
      if options.isSupervised { tell(TrialLine(failure: failure(error))) }
      throw error
    }
  }

  /// The checkpoints to resume from, for a supervised trial with the start of its trajectory.
  private static func starts(_ options: Options) -> [TrialRunner.Options.Start] {
    let supplied = options.isSupervised ? SuppliedTrajectory.read(in: options.folder) : nil
    return options.checkpoints.map { url in
      .init(
        url, trajectory: supplied?.start,
        rows: supplied?.rows.map { options.folder.appending(path: $0) })
    }
  }

  private static func failure(_ error: any Error) -> TrialFailure {
    switch error {
    case let failure as TrialFailure: failure
    case let error as FileError where error.isDiskFull:
      TrialFailure(cause: .diskFull, message: "\(error)")
    default: TrialFailure(cause: .refused, message: "\(error)")
    }
  }

  private static func tell(_ line: TrialLine) {
    try? FileHandle.standardOutput.write(contentsOf: line.data)
  }

  /// Writes a line to standard error: the terminal or the trial's log.
  private static func say(_ text: String) {
    TerminalText.tell("\(text)\n")
  }

  private static func show(_ beginning: TrialBeginning) {
    for refusal in beginning.refusals { say("checkpoint refused: \(refusal)") }
    say(
      beginning.step > 0 ? "resumes from step \(beginning.step)" : "begins with initial parameters")
    say(
      "\(Date().ISO8601Format()) on \(Host.name), \(Host.processor), "
        + "\(InstructionSet.effective.rawValue), \(ProductVersion.current)")
  }

  private static func showProgress(_ progress: TrialProgress) {
    let share = 100 * progress.step / max(1, progress.totalSteps)
    say(
      "step \(progress.step) of \(progress.totalSteps) (\(share) %), "
        + "mse \(rounded(progress.mse)), open \(progress.gatesOpen), "
        + "λ′ \(rounded(progress.multiplier)), \(String(format: "%.0f", progress.stepsPerSecond)) steps/s"
    )
  }

  private static func rounded(_ value: Double) -> String {
    "\((value * 1000).rounded() / 1000)"
  }

  private static func show(_ result: TrialResult, in folder: URL) {
    for report in result.milestones {
      TerminalText.show(
        "\(report.budget)"
          + (result.provenance.configuration.trace == nil
            ? ""
            : ", traced τ = \(report.tolerance), \(report.ending.word) at step \(report.step)")
          + ": \(report.gatesOpen) gates open, mse \(rounded(report.mse)), "
          + "evaluation mse \(rounded(report.evaluationMSE)), first hit "
          + (report.firstHitStep.map { "in step \($0)" } ?? "none") + "\n")
    }
    TerminalText.show(
      "\(result.artifacts.map(\.kind.rawValue).joined(separator: ", ")) in \(folder.path)\n")
  }
}

/// Whether the trial was asked to stop: by a signal or, if supervised, by the end of standard
/// input, which means that its worker died.
private final class StopFlag {
  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  private let flag = Flag()
  private let watch: SignalWatch

  init(endsWithInput: Bool) {
    if endsWithInput { for number in [SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) } }
    watch = SignalWatch(endsWithInput ? [SIGTERM] : SignalWatch.stopSignals) { [flag] _ in
      flag.value.store(true, ordering: .relaxed)
    }
    SignalWatch.endsWithBrokenPipe()
    guard endsWithInput else { return }
    Thread.detachNewThread {
      while let piece = try? FileHandle.standardInput.read(upToCount: 4096), !piece.isEmpty {}
      // There is no worker to take the result.
      _exit(1)
    }
  }

  var isSet: Bool { flag.value.load(ordering: .relaxed) }
}
