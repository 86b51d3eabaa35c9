import Console
import Foundation

/// `run --dashboard`: the program `dashboard` beside a run, which ends with it, however it ends.
///
/// That it ends, or cannot begin, costs the run nothing: what it says is shown, and the run goes on.
final class LocalDashboard {
  private let process = Process()
  private let input = Pipe()

  /// The program, which must lie beside this one.
  ///
  /// - Throws: ``RunError/dashboardMissing(_:)``.
  static func executable() throws(RunError) -> URL {
    let executable = SiblingProgram.url("dashboard")
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw .dashboardMissing(executable)
    }
    return executable
  }

  /// Starts it for the sweep of a folder, at its standard address, or at another port where that is taken.
  init(_ executable: URL, folder: URL) throws {
    process.executableURL = executable
    process.arguments = ["--supervised", folder.path]
    process.standardInput = input
    // What it says is for people: standard output is the run's own.
    let words = Pipe()
    process.standardOutput = words
    process.standardError = words
    try process.run()
    LiveRegion.relay(words.fileHandleForReading)
    try? input.fileHandleForReading.close()
  }

  /// Asks it to end.
  func stop() {
    if process.isRunning { process.terminate() }
  }
}
