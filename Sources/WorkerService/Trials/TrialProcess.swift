import Digests
import Files
import Foundation
import Glibc
import Narrowing
import Supervision
import Trials

/// One trial's own process: `worker trial … --supervised`.
///
/// The process writes events to standard output as ``TrialLine``s, its result into its folder and
/// messages into `log.txt` there. It exits when its standard input closes, so that it never
/// outlives this process. A separate thread waits for it and reports.
package final class TrialProcess: Sendable {
  /// What a trial's process reports.
  package enum Report: Sendable {
    /// Where it starts.
    case began(TrialBeginning)
    /// Its progress.
    case progressed(TrialProgress)
    /// It reached a milestone.
    case reached(index: Int, MilestoneReport)
    /// Its trajectory, including the part before its file, has so many bytes.
    case sampled(byteCount: Int)
    /// It wrote a checkpoint into the folder.
    case checkpointed(WrittenCheckpoint)
    /// It ended with a result in the folder.
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
  ///   - checkpoint: The checkpoint to resume from, in the folder.
  ///   - interval: How often the trial writes checkpoints.
  ///   - savesAtEnd: Whether it writes one at its end.
  ///   - threads: Number of compute threads.
  ///   - report: Called on the waiting thread; the last call is finished or failed.
  /// - Throws: the system's error if the process cannot be started.
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

  /// Asks the process to write a checkpoint and exit; the end is reported as usual.
  package func drain() {
    if process.isRunning { process.terminate() }
  }

  /// Kills the process; the end is reported as usual.
  package func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
  }

  /// Forwards the process's lines until it closes its output; returns its reported failure, if any.
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
      // Drop longer lines: the longest valid one is a milestone with 4,096 gates.
      if line.count > 262_144 { line = Data() }
    }
    return failure
  }

  /// The next bytes of a pipe, as soon as there are any; nil at its end.
  ///
  /// C function: `read`. FileHandle's read would wait until a buffer is full.
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

/// How many processes the kernel has killed for lack of memory since the host started.
///
/// Source: `oom_kill` in `/proc/vmstat`, which includes those of control groups. If the count has
/// not changed, a SIGKILL was sent by a person.
private enum OutOfMemoryCounter {
  static var current: Int {
    let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
    return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }
}
