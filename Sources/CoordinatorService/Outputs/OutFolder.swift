import Files
import Foundation

/// The folder of a sweep's record and outputs, looked at before anything is written into it.
enum OutFolder {
  /// Files that make a folder a sweep's, and that a start which was cut short leaves.
  private static let marks = ["sweep.sqlite", "results.log", "sweep.lock", "sweep.sqlite.new"]
  /// Folders in a sweep's folder into which files are put.
  private static let folders = [
    "blobs", "blobs/incoming", "logs", "models", "trajectories", "figure2",
  ]

  /// Makes sure that a run may write into a folder: it is empty, not there yet, or a sweep's.
  ///
  /// - Parameter sweepFile: May lie in it; hidden files may, too.
  /// - Throws: `OutputFolderError`; nothing was written.
  static func require(_ folder: URL, sweepFile: URL) throws {
    let isThere = try output(folder).require(inputs: [sweepFile])
    if isThere { try requireNoLinks(folder) }
  }

  /// Makes sure that nothing in a sweep's folder is a symbolic link, through which files elsewhere
  /// would be written.
  ///
  /// - Throws: `OutputFolderError`.
  static func requireNoLinks(_ folder: URL) throws {
    try output(folder).requireNoLinks(folders: folders)
  }

  private static func output(_ folder: URL) -> OutputFolder {
    OutputFolder(folder, owner: "a sweep's", marks: marks)
  }
}
