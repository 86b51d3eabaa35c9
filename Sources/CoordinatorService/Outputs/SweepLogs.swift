import Files
import Foundation
import Store
import Transfers
import Trials

/// Finds the logs of a sweep's workers and trials, as kept by ``LogFolder``; the sweep need not
/// run.
///
/// A worker's log grows while the worker runs. A trial's log arrives when the attempt ends.
package struct SweepLogs {
  /// A log that was found.
  package struct Log: Hashable, Sendable {
    /// Its files, the older one first; empty if there are none yet.
    package var files: [URL]
    /// A remark as a sentence, or nil.
    package var note: String?
    /// Whether the log may still grow.
    package var mayGrow: Bool
  }

  private let sweep: URL
  private let folder: URL

  /// The logs in a sweep's folder.
  package init(_ sweep: URL) {
    self.sweep = sweep
    folder = sweep.appending(path: "logs")
  }

  /// The log of a worker, by the beginning of its name, or of a trial, as commands name trials.
  ///
  /// - Parameter attempt: The attempt; nil for the latest one that has a log.
  /// - Throws: ``AdministrationError`` when there is no such worker, trial or attempt, or several;
  ///   `StoreError` when the folder has no sweep, or its record cannot be read.
  package func log(of name: String, attempt: Int?) throws -> Log {
    try requireSweep()
    let found =
      workers.filter { $0 == name }.first.map { [$0] } ?? workers.filter { $0.hasPrefix(name) }
    if attempt == nil, !name.isEmpty, !found.isEmpty {
      guard found.count == 1 else {
        throw AdministrationError(
          "worker \"\(name)\": \(found.count) workers are meant: \(Self.list(found))")
      }
      let files = ["\(found[0]).log.1", "\(found[0]).log"].map { folder.appending(path: $0) }
      return Log(
        files: files.filter { FileManager.default.fileExists(atPath: $0.path) },
        mayGrow: try isRunning)
    }
    return try log(of: trial(name), attempt: attempt)
  }

  /// The list of logs, for display.
  ///
  /// - Throws: `StoreError` when the folder has no sweep.
  package var text: String {
    get throws {
      try requireSweep()
      let attempts = attempts
      var lines = workers.isEmpty ? ["no worker has logged anything"] : ["workers"]
      lines += workers.map { "  \($0)" }
      lines.append(attempts.isEmpty ? "no attempt at a trial has left a log" : "trials, attempts")
      for (trial, numbers) in attempts.sorted(by: { $0.key < $1.key }) {
        lines.append(
          "  \(trial)  \(numbers.keys.sorted().map(String.init).joined(separator: ", "))")
      }
      lines.append("`coordinator logs \(sweep.shellWord) NAME` shows one")
      return lines.joined(separator: "\n") + "\n"
    }
  }

  /// Whether a coordinator runs the sweep.
  package var isRunning: Bool {
    get throws { try ControlSocket.isServed(in: sweep) }
  }

  /// Requires a sweep in the folder; its logs can be read even where its record is damaged.
  private func requireSweep() throws(StoreError) {
    let path = sweep.appending(path: OutFolder.databaseName).path
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
  }

  private func log(of trial: TrialID, attempt: Int?) throws -> Log {
    let reader = try SweepReader.open(directory: sweep)
    let made = try reader.attempts(of: "\(trial)")
    var kept = logs(of: trial)
    if let recorded = made.first(where: { $0.outcome == .recorded })?.attempt,
      kept[recorded] == nil
    {
      kept[recorded] = try resultLog(of: trial, reader)
    }
    let latest = made.last
    let running = latest.flatMap { $0.outcome == .running ? $0 : nil }
    if let attempt, !made.contains(where: { $0.attempt == attempt }) {
      throw AdministrationError(
        "trial \(trial), attempt \(attempt): no such attempt"
          + (made.isEmpty
            ? "; it was never started"
            : "; there are \(made.map { "\($0.attempt)" }.joined(separator: ", "))"))
    }
    let wanted = attempt ?? kept.keys.max()
    let file = wanted.flatMap { kept[$0] }
    let isRunningWanted = running != nil && (attempt ?? running?.attempt) == running?.attempt
    return Log(
      files: file.map { [$0] } ?? [],
      note: Self.note(
        trial, wanted: wanted, isKept: file != nil, latest: latest,
        isRunning: isRunningWanted, sweep: sweep.shellWord),
      mayGrow: try isRunningWanted && isRunning)
  }

  private static func note(
    _ trial: TrialID, wanted: Int?, isKept: Bool, latest: AttemptRecord?, isRunning: Bool,
    sweep: String
  ) -> String? {
    guard let latest else { return "trial \(trial) was never started" }
    if isRunning {
      return """
        trial \(trial): attempt \(latest.attempt) runs on worker \(latest.worker), which keeps its \
        log until it ends; \
        `coordinator logs \(sweep) \(ShellWord.quoted("\(latest.worker)"))` shows the worker's log\
        \(isKept ? "; this is attempt \(wanted ?? 0)" : "")
        """
    }
    return isKept
      ? nil
      : "trial \(trial): attempt \(wanted ?? latest.attempt) left no log: it logged nothing, "
        + "or its worker was lost"
  }

  private func trial(_ name: String) throws -> TrialID {
    let trials = try SweepReader.open(directory: sweep).plan().trials
    do throws(AdministrationError) {
      return try TrialSelector(name).select(in: trials).id
    } catch {
      throw AdministrationError(
        "\(error); no worker's name begins with it either: "
          + (workers.isEmpty ? "there is no worker's log yet" : "there are \(Self.list(workers))"))
    }
  }

  /// Names of workers that have a log, in order.
  package var workers: [String] {
    Set(names.compactMap { Self.name(of: $0, ".log") ?? Self.name(of: $0, ".log.1") }).sorted()
  }

  /// The files of attempts, by trial; also those that an earlier version named by digits alone.
  private var attempts: [TrialID: [Int: String]] {
    var attempts: [TrialID: [Int: String]] = [:]
    for name in names {
      let parts = name.split(separator: ".")
      guard parts.count == 3, parts[2] == "txt", let number = Int(parts[1]),
        let trial = TrialID(parts[0])
      else { continue }
      attempts[trial, default: [:]][number] = name
    }
    return attempts
  }

  /// The kept logs of a trial, by attempt.
  private func logs(of trial: TrialID) -> [Int: URL] {
    (attempts[trial] ?? [:]).mapValues { folder.appending(path: $0) }
  }

  /// The log among a result's artifacts, which is named with the next outputs; nil if the trial
  /// logged nothing.
  private func resultLog(of trial: TrialID, _ reader: SweepReader) throws -> URL? {
    let result = try reader.results().trials.first { $0.planned.id == trial }?.result
    guard let log = result?.artifacts.first(where: { $0.kind == .log }), log.byteCount > 0 else {
      return nil
    }
    return BlobStore.url(for: log.digest, in: sweep.appending(path: "blobs"))
  }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  }

  private static func name(of file: String, _ suffix: String) -> String? {
    file.hasSuffix(suffix) ? String(file.dropLast(suffix.count)) : nil
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
  }
}
