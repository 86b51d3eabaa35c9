import Digests
import Files
import Foundation
import Glibc
import Narrowing
import Supervision
import Trials

/// One trial's own process: `worker trial … --supervised`.
///
/// The process writes what happens to its standard output, one ``TrialLine`` each, its result
/// into its folder and words for people into `log.txt` there, and ends when its standard input
/// does, so that it never outlives this one. Waiting happens on a thread of its own; what happens
/// is reported there.
package final class TrialProcess: Sendable {
  /// What a trial's process reports.
  package enum Report: Sendable {
    /// From where it begins.
    case began(TrialBeginning)
    /// How far it is.
    case progressed(TrialProgress)
    /// It reached a milestone.
    case reached(index: Int, MilestoneReport)
    /// Its trajectory has so many bytes, the part before its file included.
    case sampled(byteCount: Int)
    /// It wrote a checkpoint into the folder.
    case checkpointed(WrittenCheckpoint)
    /// It ended; the folder holds the result.
    case finished(SpooledResult)
    /// It ended without a result.
    case failed(TrialFailure)
  }

  private let process: Process
  private let standardInput = Pipe()

  /// Starts the process of a trial.
  ///
  /// - Parameters:
  ///   - executable: The worker's own executable.
  ///   - folder: The trial's folder, with `configuration.json` in it.
  ///   - images: The image archive.
  ///   - checkpoint: The checkpoint to go on from, in the folder.
  ///   - interval: How often the trial writes checkpoints.
  ///   - savesAtEnd: Whether it writes one at its end.
  ///   - threads: How many threads compute.
  ///   - report: Called on the waiting thread; the last call is finished or failed.
  /// - Throws: the system's error when the process cannot be started.
  package init(
    executable: URL, folder: URL, images: URL, checkpoint: FetchedCheckpoint?,
    interval: CheckpointInterval, savesAtEnd: Bool, threads: Int,
    report: @escaping @Sendable (Report) -> Void
  ) throws {
    let process = Process()
    process.executableURL = executable
    process.arguments =
      [
        "trial", folder.appending(path: "configuration.json").path, "--out", folder.path,
        "--images", images.path, "--supervised", "--checkpoint-every", interval.argument,
        "--threads", "\(threads)",
      ] + (savesAtEnd ? ["--checkpoint-at-end"] : [])
    if let checkpoint {
      process.arguments? += ["--resume", folder.appending(path: checkpoint.file).path]
      try DurableFile.write(
        CanonicalJSON.data(
          SuppliedTrajectory(start: checkpoint.trajectory, rows: checkpoint.rows)),
        to: folder.appending(path: SuppliedTrajectory.fileName))
    }
    let standardOutput = Pipe()
    let log = TrialLog(folder: folder)
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    process.standardError = try log.open()
    let killsBefore = OutOfMemoryCounter.current
    try FileError.wording("start", executable) { try process.run() }
    try? standardOutput.fileHandleForWriting.close()
    try? standardInput.fileHandleForReading.close()
    self.process = process

    let reading = standardOutput.fileHandleForReading
    Thread.detachNewThread {
      let failure = Self.forwardLines(from: reading, report)
      process.waitUntilExit()
      let end = TrialEnd(
        isExit: process.terminationReason == .exit, status: process.terminationStatus,
        failure: failure, isOutOfMemory: OutOfMemoryCounter.current > killsBefore)
      report(end.report(in: folder, log: log))
    }
  }

  /// Asks the process to write a checkpoint and to end; it reports as usual.
  package func drain() {
    if process.isRunning { process.terminate() }
  }

  /// Ends the process at once; it reports as usual.
  package func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
  }

  /// Reports what the process says until it closes its output; returns why it failed, if it said.
  private static func forwardLines(
    from file: FileHandle, _ report: (Report) -> Void
  ) -> TrialFailure? {
    var line = Data()
    var failure: TrialFailure?
    while let piece = nextPiece(of: file) {
      line.append(contentsOf: piece)
      while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
        let said = try? CanonicalJSON.decode(
          TrialLine.self, from: Data(line[line.startIndex..<end]))
        if let beginning = said?.beginning { report(.began(beginning)) }
        if let progress = said?.progress { report(.progressed(progress)) }
        if let milestone = said?.milestone {
          report(.reached(index: milestone.index, milestone.report))
        }
        if let byteCount = said?.trajectoryByteCount { report(.sampled(byteCount: byteCount)) }
        if let checkpoint = said?.checkpoint { report(.checkpointed(checkpoint)) }
        failure = said?.failure ?? failure
        line = Data(line[line.index(after: end)...])
      }
      // The longest line is that of a milestone with 4,096 gates; anything longer is not ours.
      if line.count > 262_144 { line = Data() }
    }
    return failure
  }

  /// What is in a pipe, as soon as there is anything; nil at its end.
  ///
  /// C function: `read`. The file handle's own reading waits until a buffer is full.
  private static func nextPiece(of file: FileHandle) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file.fileDescriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      return count > 0 ? Array(buffer.prefix(count)) : nil
    }
  }
}

extension CheckpointInterval {
  /// The value of `--checkpoint-every`.
  fileprivate var argument: String {
    switch self {
    case .adaptive: "auto"
    case .seconds(let seconds): "\(seconds)"
    }
  }
}

/// How many processes the kernel has ended because memory ran out, since the host started.
///
/// Source: `oom_kill` in `/proc/vmstat`, which counts those of control groups too. A SIGKILL
/// between two equal counts came from a person.
private enum OutOfMemoryCounter {
  static var current: Int {
    let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
    return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }
}
