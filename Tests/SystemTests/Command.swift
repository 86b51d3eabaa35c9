import Foundation
import Glibc
import Synchronization
import Testing

/// One process of a test, with its output in files.
final class Command {
  private let process = Process()
  private let output: URL
  private let errors: URL

  /// Starts a process.
  ///
  /// - Parameters:
  ///   - bench: Where the process may put its data, keys, cache and output.
  init(_ executable: URL, _ arguments: [String], on bench: Bench) throws {
    let name = UUID().uuidString
    output = bench.folder.appending(path: "\(name).out")
    errors = bench.folder.appending(path: "\(name).err")
    for file in [output, errors] { try Data().write(to: file) }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      [
        "BOTTLENECKSWEEP_DATA": Bench.data.path,
        "BOTTLENECKSWEEP_KEYS": bench.folder.appending(path: "standard-keys").path,
        "XDG_CACHE_HOME": bench.folder.appending(path: "cache").path,
      ]) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    // The threads of tests block most signals, and a process would inherit that from them.
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var standardOutput: String { text(of: output) }
  var standardError: String { text(of: errors) }

  /// Waits for the end and returns the exit code, or minus the signal that ended it.
  func exitCode() throws -> Int32 {
    try wait(for: "the end of \(process.arguments ?? [])") { !self.process.isRunning }
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  func send(_ signal: Int32) {
    kill(process.processIdentifier, signal)
  }

  /// Where a coordinator says that it listens.
  func endpoint() throws -> String {
    let mark = "workers connect to "
    try wait(for: "the coordinator's endpoint") {
      standardError.contains(mark) || !isRunning
    }
    let text = standardError
    let range = try #require(text.range(of: mark), "\(text)")
    return String(text[range.upperBound...].prefix { $0 != "\n" })
  }

  /// Process ids of the children.
  var children: [Int32] {
    let pid = process.processIdentifier
    let path = "/proc/\(pid)/task/\(pid)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { Int32($0) }
  }

  private func text(of file: URL) -> String {
    (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  }
}

/// Waits until a condition holds.
///
/// The bound is for a product that hangs; no machine is so slow that it needs as long.
func wait(for what: String, until condition: () throws -> Bool) throws {
  let limit = Duration.seconds(1200)
  let deadline = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < deadline else {
      throw Overdue(description: "waited \(limit) in vain for \(what)")
    }
    Thread.sleep(forTimeInterval: 0.02)
  }
}

struct Overdue: Error, CustomStringConvertible {
  let description: String
}
