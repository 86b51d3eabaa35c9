import Benches
import Foundation
import Glibc

/// A process of a coordinator that runs a sweep, with its memory and processor time.
final class CoordinatorProcess {
  private let process = Process()
  private let log: URL
  /// The time of its start.
  let started = ContinuousClock.now

  /// Starts `coordinator run`.
  ///
  /// - Parameter log: The file for its standard error.
  init(_ executable: URL, _ arguments: [String], log: URL) throws {
    self.log = log
    try Data().write(to: log)
    process.executableURL = executable
    process.arguments = ["run"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: log)
    do {
      try process.run()
    } catch {
      throw BenchmarkError("cannot start \(executable.path): \(error.localizedDescription)")
    }
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// The endpoint for workers; waits until the process prints it.
  func endpoint() throws -> String {
    let mark = "workers connect to "
    while true {
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      if let range = text.range(of: mark) {
        let rest = text[range.upperBound...]
        if rest.contains("\n") { return String(rest.prefix { !$0.isWhitespace }) }
      }
      guard process.isRunning else { throw BenchmarkError("the coordinator ended: \(text)") }
      usleep(2000)
    }
  }

  /// The output of `coordinator status` for a sweep's folder.
  func status(of folder: URL) throws -> String {
    let status = Process()
    let output = Pipe()
    status.executableURL = process.executableURL
    status.arguments = ["status", folder.path]
    status.standardOutput = output
    try status.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    status.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }

  var isRunning: Bool { process.isRunning }

  /// Kills it, as a power cut does.
  func crash() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Waits for its end and returns the exit code.
  func exitCode() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Its resident memory in bytes.
  var residentBytes: Int {
    let text = try? String(
      contentsOfFile: "/proc/\(process.processIdentifier)/statm", encoding: .utf8)
    let fields = (text ?? "").split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// Its processor time in seconds so far.
  var processorSeconds: Double {
    let text = try? String(
      contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
    // The program's name, in parentheses, may contain spaces.
    let fields = (text ?? "").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
