import Files
import Foundation
import Glibc
import Trials

/// One trial's own process: `worker trial … --supervised`.
///
/// The process writes its progress to its standard output, one JSON object a line, its result or
/// failure into its folder, and ends when its standard input does, so that it never outlives
/// this one. Waiting happens on a thread of its own; what happens is reported there.
package final class TrialProcess: Sendable {
  /// What a trial's process reports.
  package enum Report: Sendable {
    /// How far it is.
    case progressed(TrialProgress)
    /// It ended; the folder holds the result.
    case finished(TrialResult)
    /// It ended without a result.
    case failed(TrialFailure)
  }

  /// The name of the file in which a trial's process explains why it failed.
  package static let failureFileName = "failure.json"

  private let process: Process
  private let standardInput = Pipe()

  /// Starts the process of a trial.
  ///
  /// - Parameters:
  ///   - executable: The worker's own executable.
  ///   - folder: The trial's folder, with `configuration.json` in it.
  ///   - images: The image archive.
  ///   - report: Called on the waiting thread; the last call is finished or failed.
  /// - Throws: the system's error when the process cannot be started.
  package init(
    executable: URL, folder: URL, images: URL, report: @escaping @Sendable (Report) -> Void
  ) throws {
    let process = Process()
    process.executableURL = executable
    process.arguments = [
      "trial", folder.appending(path: "configuration.json").path, "--out", folder.path,
      "--images", images.path, "--supervised",
    ]
    let standardOutput = Pipe()
    let log = folder.appending(path: "log.txt")
    try Data().write(to: log)
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    process.standardError = try FileHandle(forWritingTo: log)
    let killsBefore = OutOfMemoryCounter.current
    try process.run()
    try? standardOutput.fileHandleForWriting.close()
    try? standardInput.fileHandleForReading.close()
    self.process = process

    let reading = standardOutput.fileHandleForReading
    Thread.detachNewThread {
      Self.forwardProgress(from: reading, report)
      process.waitUntilExit()
      report(Self.ending(of: process, folder: folder, killsBefore: killsBefore))
    }
  }

  /// Asks the process to end; it reports as usual.
  package func stop() {
    if process.isRunning { process.terminate() }
  }

  /// Ends the process at once.
  package func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
  }

  private static func forwardProgress(
    from file: FileHandle, _ report: (Report) -> Void
  ) {
    var line = Data()
    while let piece = try? file.read(upToCount: 4096), !piece.isEmpty {
      line.append(piece)
      while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
        if let progress = try? CanonicalJSON.decode(
          TrialProgress.self, from: Data(line[line.startIndex..<end]))
        {
          report(.progressed(progress))
        }
        line = Data(line[line.index(after: end)...])
      }
      // A line is some hundred bytes; anything longer is not ours.
      if line.count > 65_536 { line = Data() }
    }
  }

  private static func ending(
    of process: Process, folder: URL, killsBefore: Int
  ) -> Report {
    if process.terminationReason == .exit, process.terminationStatus == 0 {
      let file = folder.appending(path: WorkerFolder.resultFileName)
      do {
        let data = try Data(contentsOf: file)
        return .finished(try CanonicalJSON.decode(TrialResult.self, from: data))
      } catch {
        return .failed(
          TrialFailure(
            cause: .exitCode,
            message: "the trial's process ended well but left no readable result: "
              + CanonicalJSON.describe(error)))
      }
    }
    if let data = try? Data(contentsOf: folder.appending(path: failureFileName)),
      let failure = try? CanonicalJSON.decode(TrialFailure.self, from: data)
    {
      return .failed(failure)
    }
    return .failed(
      unexplained(
        process, log: folder.appending(path: "log.txt"), killsBefore: killsBefore))
  }

  private static func unexplained(
    _ process: Process, log: URL, killsBefore: Int
  ) -> TrialFailure {
    let lastWords = (try? String(contentsOf: log, encoding: .utf8))?.suffix(2000) ?? ""
    let tail = lastWords.isEmpty ? "" : "; its last words: \(lastWords)"
    guard process.terminationReason == .uncaughtSignal else {
      return TrialFailure(
        cause: .exitCode,
        message: "the trial's process ended with exit code \(process.terminationStatus)\(tail)")
    }
    let signal = process.terminationStatus
    let outOfMemory = signal == SIGKILL && OutOfMemoryCounter.current > killsBefore
    return TrialFailure(
      cause: outOfMemory ? .outOfMemory : .signal,
      message: "the trial's process was ended by signal \(signal)"
        + (outOfMemory ? ", by the kernel because memory ran out" : "") + tail)
  }
}

/// How many processes the kernel has ended because memory ran out, since the host started.
///
/// Source: `oom_kill` in `/proc/vmstat`. A SIGKILL between two equal counts came from a person.
private enum OutOfMemoryCounter {
  static var current: Int {
    let text = (try? String(contentsOfFile: "/proc/vmstat", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
    return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }
}
