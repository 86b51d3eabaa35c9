import Coordination
import Digests
import Files
import Foundation
import Logging
import Messaging
import Reports
import Store
import Sweeps
import Trials
import Wire

/// `coordinator reproduce`: a recorded trial, computed again on this machine.
package struct TrialReproduction: Sendable {
  /// Where the trial's programs and files are.
  package struct Options: Sendable {
    var folder: URL
    var trial: String
    var data: URL?
    var out: URL?

    /// The reproduction of one trial.
    ///
    /// - Parameters:
    ///   - folder: The sweep's folder.
    ///   - trial: The trial as people name it.
    ///   - data: Folder of image archives; nil for the standard one.
    ///   - out: Folder to keep the computed files in; nil to delete them.
    package init(folder: URL, trial: String, data: URL?, out: URL?) {
      self.folder = folder
      self.trial = trial
      self.data = data
      self.out = out
    }
  }

  /// The recorded trial.
  let recorded: RecordedTrial
  /// The provenance of the recorded and of the repeated computation.
  let provenance: (recorded: TrialProvenance, computed: TrialProvenance)
  /// The comparison of both results.
  let comparison: ResultComparison

  /// Whether both used the same instruction set; the builds may differ.
  var hasSameInstructionSet: Bool {
    provenance.recorded.instructionSet == provenance.computed.instructionSet
  }

  /// Whether both results are equal, or differ because of another instruction set.
  package var isExplained: Bool { comparison.isSame || !hasSameInstructionSet }

  /// The environment variable that limits a worker's instruction set, and its values.
  private static let limitVariable = "BOTTLENECKSWEEP_INSTRUCTION_SET"
  private static let limits: Set<String> = ["avx512-bf16", "avx512", "avx2", "portable"]

  /// Repeats a trial and compares the results.
  ///
  /// - Parameter starting: Called with a text about the computation that starts.
  /// - Throws: ``ReproductionError``, ``ExportError``, `ArchiveLibraryError`, `StoreError`.
  package static func perform(
    _ options: Options, starting: (String) -> Void
  ) throws -> TrialReproduction {
    let reader = try SweepReader.open(directory: options.folder)
    let recorded = try reader.finishedTrial(options.trial, folder: options.folder)
    guard let result = recorded.result else { preconditionFailure("a finished trial has a result") }
    let dataset = result.provenance.configuration.dataset
    let supply = try ImageSupply.provide(
      [dataset], folder: options.data, logger: Logger(label: "coordinator"))
    guard let images = supply[dataset] else { preconditionFailure("the images were provided") }
    guard images.digest == result.provenance.images else {
      throw ReproductionError.otherImages(
        images.url, dataset: dataset, recorded: result.provenance.images, found: images.digest)
    }
    let bench = try Bench(options.out)
    defer { bench.close() }
    starting(beginning(of: recorded, result.provenance))
    let computed = try train(
      result.provenance, on: images.url, in: bench.folder, isKept: options.out != nil)
    let files = TrialFiles(of: options.folder)
    return TrialReproduction(
      recorded: recorded, provenance: (result.provenance, computed.provenance),
      comparison: ResultComparison(recorded: result, computed: computed) {
        guard let artifact = result.artifacts.first(where: { $0.kind == .trajectory }) else {
          throw ReproductionError.noTrajectory
        }
        return (
          try files.content(of: artifact),
          try read(ArtifactKind.trajectory.rawValue, in: bench.folder)
        )
      })
  }

  /// What is computed, and how long the recorded host took at its pace.
  ///
  /// A member's record is within its bounds, but not necessarily true, so that the numbers are
  /// multiplied as fractions.
  static func beginning(of trial: RecordedTrial, _ provenance: TrialProvenance) -> String {
    let resumed = (provenance.resumed ?? []).last?.step ?? 0
    let pace = provenance.steps > 0 ? provenance.seconds / Double(provenance.steps) : 0
    let (sum, isOver) = provenance.steps.addingReportingOverflow(resumed)
    let steps = isOver ? Int.max : sum
    return "computing trial \(trial.planned.id) again, \(steps) steps; "
      + "\(HostIdentity.name(in: provenance.host)) took "
      + "\(PlanSummary.duration(Double(steps) * pace))\n"
  }

  /// A folder for one trial, removed at the end unless the user chose it.
  private struct Bench {
    let folder: URL
    let isKept: Bool

    init(_ kept: URL?) throws {
      isKept = kept != nil
      folder =
        kept
        ?? FileManager.default.temporaryDirectory.appending(
          path: "bottlenecksweep-\(UUID())", directoryHint: .isDirectory)
      try FileError.makeFolder(folder)
    }

    func close() {
      if !isKept { try? FileManager.default.removeItem(at: folder) }
    }
  }

  private static func read(_ name: String, in folder: URL) throws(FileError) -> Data {
    let url = folder.appending(path: name)
    return try WholeFile.read(url)
  }

  /// Trains in a process of the worker, on the recorded instruction set if this machine has it.
  private static func train(
    _ provenance: TrialProvenance, on images: URL, in folder: URL, isKept: Bool
  ) throws -> TrialResult {
    let executable = SiblingProgram.url("worker")
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw ReproductionError.workerMissing(executable)
    }
    // Not in the output folder, whose content the worker checks before writing.
    let configuration = FileManager.default.temporaryDirectory.appending(
      path: "bottlenecksweep-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: configuration) }
    try DurableFile.write(Data(provenance.configuration.canonicalText.utf8), to: configuration)
    let process = Process()
    process.executableURL = executable
    process.arguments = [
      "trial", configuration.path, "--out", folder.path, "--images", images.path,
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    var environment = ProcessInfo.processInfo.environment
    if environment[limitVariable, default: ""].isEmpty, limits.contains(provenance.instructionSet) {
      environment[limitVariable] = provenance.instructionSet
    }
    process.environment = environment
    // Forward termination signals to the trial, so that it ends cleanly.
    let watch = SignalWatch(SignalWatch.stopSignals) { _ in
      if process.isRunning { process.terminate() }
    }
    defer { withExtendedLifetime(watch) {} }
    do {
      try process.run()
    } catch {
      throw ReproductionError.workerMissing(executable)
    }
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw ReproductionError.notComputed(
        process.terminationReason == .exit
          ? "exit code \(process.terminationStatus)" : "signal \(process.terminationStatus)")
    }
    return try ReceivedResult(serialised: [UInt8](try read("result.pb", in: folder))).result
  }
}
