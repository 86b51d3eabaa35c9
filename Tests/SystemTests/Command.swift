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
    // Ignored signals are inherited, and tests may run under nohup.
    signal(SIGHUP, SIG_DFL)
    // The threads of tests block most signals, which a process would inherit.
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

  /// The endpoint that a coordinator prints.
  func endpoint() throws -> String {
    let mark = "workers connect to "
    try wait(for: "the coordinator's endpoint") {
      standardError.contains(mark) || !isRunning
    }
    let text = standardError
    let range = try #require(text.range(of: mark), "\(text)")
    return String(text[range.upperBound...].prefix { $0 != "\n" })
  }

  /// Process ids of the children that have started their own program.
  ///
  /// A new child still shows its parent's command line, and the parent waits until it runs its own
  /// program, so stopping the child would block the parent.
  var children: [Int32] {
    let parent = process.processIdentifier
    let own = commandLine(of: parent)
    let text =
      (try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8))
    return (text ?? "").split(separator: " ").compactMap { Int32($0) }.filter {
      commandLine(of: $0) != own
    }
  }

  /// Waits for a child that has started its own program, and returns it.
  func child() throws -> Int32 {
    var found: Int32?
    try wait(for: "a child of \(process.arguments ?? [])", of: [self]) {
      found = children.first
      return found != nil
    }
    return try #require(found)
  }

  /// Stops the children with `SIGSTOP`; waits until they are stopped and returns them.
  ///
  /// `SIGCONT` continues them.
  func holdChildren() throws -> [Int32] {
    var held: [Int32] = []
    try wait(for: "a child of \(process.arguments ?? []) that stands still") {
      for child in children { kill(child, SIGSTOP) }
      held = children.filter { isStopped($0) }
      return !held.isEmpty
    }
    return held
  }

  private func commandLine(of process: Int32) -> Data? {
    try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
  }

  /// Whether a process is stopped: the field after its name, proc(5).
  private func isStopped(_ process: Int32) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ")").last?.split(separator: " ").first == "T"
  }

  private func text(of file: URL) -> String {
    (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  }
}

/// Waits until a condition holds.
///
/// The limit is for a product that hangs and exceeds what a slow machine needs. One failed wait
/// leaves the other tests time to run.
///
/// - Parameter commands: Processes that must run until the condition holds. If one ends, the wait
///   fails with its messages.
func wait(
  for what: String, of commands: [Command] = [], until condition: () throws -> Bool
) throws {
  let limit = Duration.seconds(480)
  let deadline = ContinuousClock.now + limit
  while true {
    // Checked before the condition, which may have become true with the end.
    let ended = commands.contains { !$0.isRunning }
    if try condition() { return }
    guard !ended, ContinuousClock.now < deadline else {
      let messages = commands.map { "\($0.isRunning ? "runs" : "ended"): \($0.standardError)" }
      throw Overdue(
        description: """
          waited \(ended ? "until a process ended" : "\(limit)") in vain for \(what)
          \(messages.joined(separator: "\n"))
          """)
    }
    Thread.sleep(forTimeInterval: 0.02)
  }
}

struct Overdue: Error, CustomStringConvertible {
  let description: String
}
