import Foundation
import Messaging
import TestSupport
import Testing

/// A folder for one test's processes, removed at its end.
final class Bench {
  private let temporary: TemporaryFolder
  var folder: URL { temporary.url }

  /// Image archives, drawn once for all tests.
  static let data = FileManager.default.temporaryDirectory
    .appending(path: "bottlenecksweep-tests-\(ProcessInfo.processInfo.processIdentifier)")

  /// Draws the archive that most tests train on once, before tests do so concurrently.
  private static let drawing = Result {
    let drawing = Process()
    drawing.executableURL = Executables.coordinator
    drawing.arguments = ["data", "prepare", "sprites28", "--data", data.path]
    drawing.standardOutput = FileHandle.nullDevice
    drawing.standardError = FileHandle.nullDevice
    try drawing.run()
    drawing.waitUntilExit()
    guard drawing.terminationStatus == 0 else {
      throw Undrawn(exitCode: drawing.terminationStatus)
    }
  }

  /// The images of most tests could not be drawn.
  private struct Undrawn: Error {
    let exitCode: Int32
  }

  init() throws {
    try Self.drawing.get()
    temporary = try TemporaryFolder()
  }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    let url = folder.appending(path: name)
    try Data(text.utf8).write(to: url)
    return url.path
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func read(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// The rows of a table, each by the names of its columns; no value has a comma.
  func table(_ name: String) throws -> [[String: String]] {
    let lines = try read(name).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let header = try #require(lines.first)
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
  }

  /// The rows of a trajectory without their last column, the pace.
  func trajectory(_ name: String) throws -> [Substring] {
    try read(name).split(separator: "\n").map { $0[..<($0.lastIndex(of: ",") ?? $0.endIndex)] }
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func copy(_ name: String, to copy: String) throws {
    try FileManager.default.copyItem(atPath: path(name), toPath: path(copy))
  }

  /// The files below a folder; none where there is no folder.
  func files(below name: String) -> [URL] {
    let paths = FileManager.default.enumerator(atPath: path(name))?.allObjects ?? []
    return paths.compactMap { $0 as? String }.map {
      URL(filePath: path(name)).appending(path: $0)
    }
  }

  /// An endpoint of this host for a coordinator that will be restarted.
  ///
  /// Its port and the next one, for data, are unused; the kernel assigns only higher ports.
  static func freeEndpoint() throws -> String {
    let context = try Context()
    while true {
      let port = Int.random(in: 20_000..<32_000)
      let control = try RouterSocket(context)
      let data = try RouterSocket(context)
      if let endpoint = try? control.bind(to: "tcp://127.0.0.1:\(port)"),
        (try? data.bind(to: "tcp://127.0.0.1:\(port + 1)")) != nil
      {
        return endpoint
      }
    }
  }

  /// Runs a command to its end.
  func run(_ executable: URL, _ arguments: String...) throws -> (
    code: Int32, out: String, err: String
  ) {
    let command = try Command(executable, arguments, on: self)
    let code = try command.exitCode()
    return (code, command.standardOutput, command.standardError)
  }

  /// Runs a sweep to its end on this host alone, and returns its `trials.csv`.
  ///
  /// - Parameters:
  ///   - out: Name of its folder.
  ///   - workers: How many local workers train.
  @discardableResult
  func complete(_ sweep: String, in out: String, workers: Int = 2) throws -> String {
    let run = try run(
      Executables.coordinator, "run", sweep, "--out", path(out), "--local-workers", "\(workers)")
    try #require(run.code == 0, "\(run.err)")
    return try read("\(out)/trials.csv")
  }

  /// A sweep of two stages on tiny networks; the second depends on the first's error.
  static func sweep(steps: Int = 30) -> String {
    """
    sweep: tiny
    question: Does everything hold together?
    dataset: sprites28
    model: {channels: [4, 4, 8]}
    trainer: {batch_size: 16, sample_every: 10, reconstruction_count: 2}
    axes: {latents: [2, 3]}
    stages:
      baseline:
        tolerance: 0
        trainer: {kl_reduction: sum}
        budget: \(steps) batches
      narrowed:
        latents: 2 * baseline.latents
        tolerance: baseline.mse
        budget: [\(steps / 2) batches, \(steps) batches]
    outputs: [figure1, figure2, figure3, table1]
    """
  }
}
