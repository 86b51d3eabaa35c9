import Console
import Files
import Foundation
import Glibc
import Synchronization

/// Worker processes on this machine, started for one run and ended with it.
///
/// A worker that dies is restarted, at most ``restartLimit`` times in all, so that one that cannot
/// run does not loop forever. Each worker exits when its standard input closes, so none outlives
/// the coordinator.
final class LocalWorkers: Sendable {
  /// Most restarts of workers in one run.
  static let restartLimit = 100

  private let executable: URL
  private let arguments: [String]
  private let credentials: Data
  private let state = Mutex(State())

  private struct State {
    var processes: [ObjectIdentifier: Process] = [:]
    var inputs: [ObjectIdentifier: Pipe] = [:]
    var startingCount = 0
    var restarts = 0
    var isStopping = false
  }

  /// Starts worker processes.
  ///
  /// - Parameters:
  ///   - count: How many, each with one slot.
  ///   - executable: The worker's executable.
  ///   - endpoint: Where the coordinator listens.
  ///   - credentials: The line with keys for each worker's standard input; nil for unencrypted
  ///     connections.
  /// - Throws: the system's error when the executable cannot be started.
  init(count: Int, executable: URL, endpoint: String, credentials: String?) throws {
    self.executable = executable
    self.credentials = Data((credentials ?? "").utf8)
    arguments =
      [
        "--connect", endpoint, "--slots", "1", "--exit-when-idle", "--supervised",
      ] + (credentials == nil ? ["--plain"] : ["--keys-from-input"])
    for _ in 0..<count {
      state.withLock { $0.startingCount += 1 }
      try start()
    }
  }

  private func start() throws {
    defer { state.withLock { $0.startingCount -= 1 } }
    let process = Process()
    let input = Pipe()
    process.executableURL = executable
    process.arguments = arguments
    process.standardInput = input
    let words = LiveRegion.isOpen ? Pipe() : nil
    if let words { process.standardError = words }
    process.terminationHandler = { [weak self] in self?.replace($0) }
    let key = ObjectIdentifier(process)
    // Register the process before it runs, since it may end at once.
    state.withLock {
      $0.processes[key] = process
      $0.inputs[key] = input
    }
    do {
      try FileError.wording("start", executable) { try process.run() }
    } catch {
      state.withLock {
        $0.processes[key] = nil
        $0.inputs[key] = nil
      }
      throw error
    }
    if let words { LiveRegion.relay(words.fileHandleForReading) }
    // Other users can read the command line and the environment.
    try? input.fileHandleForWriting.write(contentsOf: credentials)
    try? input.fileHandleForReading.close()
  }

  private func replace(_ ended: Process) {
    let key = ObjectIdentifier(ended)
    let restarts = state.withLock { state in
      state.processes[key] = nil
      state.inputs[key] = nil
      guard !state.isStopping, ended.terminationReason == .uncaughtSignal,
        state.restarts < Self.restartLimit
      else { return false }
      state.restarts += 1
      state.startingCount += 1
      return true
    }
    if restarts { try? start() }
  }

  /// How many workers are running or starting.
  var liveCount: Int { state.withLock { $0.processes.count + $0.startingCount } }

  /// Asks every worker to end; running trials are handed back.
  func stop() {
    let processes = state.withLock { state in
      state.isStopping = true
      return Array(state.processes.values)
    }
    for process in processes where process.isRunning { process.terminate() }
  }
}

extension LocalWorkers {
  /// How long workers may take to end after the sweep.
  private static let endGrace = Duration.seconds(10)

  /// Waits until every worker has ended: asks them to end, then kills those that remain.
  func awaitEnd() {
    stop()
    let deadline = ContinuousClock.now + Self.endGrace
    while liveCount > 0, ContinuousClock.now < deadline {
      Thread.sleep(forTimeInterval: 0.02)
    }
    for process in state.withLock({ Array($0.processes.values) }) where process.isRunning {
      kill(process.processIdentifier, SIGKILL)
    }
  }
}
