import Foundation
import Testing

/// The Python worker, written from the protocol's page alone.
enum PythonWorker {
  /// Its requirement, shown when tests are skipped.
  static let need: Comment =
    "needs the package python3-zmq, or pyzmq in what BOTTLENECKSWEEP_TEST_PYTHON names"

  /// A Python with the required package; nil if there is none.
  static let interpreter: String? = {
    let candidates = [
      ProcessInfo.processInfo.environment["BOTTLENECKSWEEP_TEST_PYTHON"], "python3",
      "/usr/bin/python3",
    ]
    return candidates.compactMap { $0 }.first { candidate in
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [candidate, "-c", "import zmq; assert zmq.has('curve')"]
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return false }
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
  }()

  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../PythonWorker/worker.py").standardizedFileURL.path

  /// Starts it.
  static func start(_ arguments: String..., on bench: Bench) throws -> Command {
    try Command(
      URL(filePath: "/usr/bin/env"), [try #require(interpreter), script] + arguments, on: bench)
  }
}
