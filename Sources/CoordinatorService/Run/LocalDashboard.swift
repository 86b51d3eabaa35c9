import Console
import Foundation

/// `run --dashboard`: the program `dashboard`, started with a run and ended with it.
///
/// The run continues if the dashboard ends or cannot start. Its output is shown.
final class LocalDashboard {
  private let process = Process()
  private let input = Pipe()

  /// The program's file, which must be in the folder of this program.
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
    // The dashboard's output goes to standard error, since standard output belongs to the run.
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
