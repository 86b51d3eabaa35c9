import Digests
import Files
import Foundation
import Glibc
import Images
import Narrowing
import Synchronization
import Trials

/// One trial in this process: what `worker trial` does, by hand or as a slot's process.
package enum SingleTrial {
  /// What to run, where.
  package struct Options: Sendable {
    var configuration: URL
    var folder: URL
    var images: URL?
    var forcesSecondPass: Bool
    var checkpointSteps: Set<Int>
    var checkpoint: URL?
    var isSupervised: Bool

    /// The options of one trial.
    ///
    /// - Parameters:
    ///   - configuration: The configuration file, JSON.
    ///   - folder: Where results go; made if it is not there.
    ///   - images: The image archive; nil looks in the data folder.
    ///   - forcesSecondPass: Whether the decoder runs for both gate vectors even where they agree.
    ///   - checkpointSteps: The steps after which to write a checkpoint into the folder; 0 is the
    ///     initial state.
    ///   - checkpoint: The checkpoint to go on from; nil begins anew.
    ///   - isSupervised: Whether a worker runs this: progress as JSON lines on standard output,
    ///     the end when standard input ends, failures as a file.
    package init(
      configuration: URL, folder: URL, images: URL?, forcesSecondPass: Bool,
      checkpointSteps: Set<Int> = [], checkpoint: URL? = nil, isSupervised: Bool
    ) {
      self.configuration = configuration
      self.folder = folder
      self.images = images
      self.forcesSecondPass = forcesSecondPass
      self.checkpointSteps = checkpointSteps
      self.checkpoint = checkpoint
      self.isSupervised = isSupervised
    }
  }

  /// Runs the trial to its end.
  ///
  /// - Throws: ``TrialFailure``, `FileError` or what the configuration or the archive lacks.
  package static func run(_ options: Options) throws {
    try FileManager.default.createDirectory(
      at: options.folder, withIntermediateDirectories: true)
    let stop = StopFlag(endsWithInput: options.isSupervised)
    do {
      let configuration = try readConfiguration(options.configuration)
      let archive = try ImageArchive.open(
        at: try options.images
          ?? ArchiveLibrary(directory: ArchiveLibrary.defaultDirectory())
          .find(configuration.dataset).url)
      let runner = try TrialRunner(
        configuration: configuration, images: archive, directory: options.folder,
        options: .init(
          forceSecondPass: options.forcesSecondPass,
          progressInterval: options.isSupervised ? 0.5 : 5,
          checkpointSteps: options.checkpointSteps, checkpoint: options.checkpoint))
      let result = try runner.run(
        progress: options.isSupervised ? printLine : showProgress,
        shouldStop: { stop.isSet })
      try DurableFile.write(
        CanonicalJSON.data(result),
        to: options.folder.appending(path: WorkerFolder.resultFileName))
      if !options.isSupervised { show(result, in: options.folder) }
    } catch {
      if options.isSupervised {
        try? DurableFile.write(
          CanonicalJSON.data(failure(error)),
          to: options.folder.appending(path: TrialProcess.failureFileName))
      }
      throw error
    }
  }

  private static func readConfiguration(_ url: URL) throws -> TrialConfiguration {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw TrialFailure(
        cause: .refused, message: "\(url.path): cannot be read: \(error.localizedDescription)")
    }
    do {
      let configuration = try CanonicalJSON.decode(TrialConfiguration.self, from: data)
      try configuration.validate()
      return configuration
    } catch {
      throw TrialFailure(
        cause: .refused, message: "\(url.path): \(CanonicalJSON.describe(error))")
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

  private static func printLine(_ progress: TrialProgress) {
    let line = CanonicalJSON.data(progress) + Data("\n".utf8)
    try? FileHandle.standardOutput.write(contentsOf: line)
  }

  private static func showProgress(_ progress: TrialProgress) {
    let share = 100 * progress.step / max(1, progress.totalSteps)
    let text =
      "step \(progress.step) of \(progress.totalSteps) (\(share) %), "
      + "mse \(rounded(progress.mse)), open \(progress.gatesOpen), "
      + "λ′ \(rounded(progress.multiplier)), \(Int(progress.stepsPerSecond)) steps/s\n"
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  private static func rounded(_ value: Double) -> String {
    "\((value * 1000).rounded() / 1000)"
  }

  private static func show(_ result: TrialResult, in folder: URL) {
    for report in result.milestones {
      print(
        "\(report.budget): \(report.gatesOpen) gates open, mse \(rounded(report.mse)), "
          + "evaluation mse \(rounded(report.evaluationMSE)), first hit "
          + (report.firstHitStep.map { "in step \($0)" } ?? "none"))
    }
    print("\(result.artifacts.map(\.kind.rawValue).joined(separator: ", ")) in \(folder.path)")
  }
}

/// Whether the trial has been asked to end: by SIGTERM or SIGINT, or, for a supervised one, by
/// the end of its standard input, which comes when its worker dies.
private final class StopFlag {
  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  init(endsWithInput: Bool) {
    for number in [SIGTERM, SIGINT] { signal(number, SIG_IGN) }
    sources = (endsWithInput ? [SIGTERM] : [SIGTERM, SIGINT]).map { [flag] number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { flag.value.store(true, ordering: .relaxed) }
      source.resume()
      return source
    }
    guard endsWithInput else { return }
    Thread.detachNewThread {
      while let piece = try? FileHandle.standardInput.read(upToCount: 4096), !piece.isEmpty {}
      // Nobody is left to take the result.
      _exit(1)
    }
  }

  deinit {
    for source in sources { source.cancel() }
  }

  var isSet: Bool { flag.value.load(ordering: .relaxed) }
}
