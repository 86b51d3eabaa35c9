import Files
import Foundation

/// Checks the folder of a sweep's record and outputs before anything is written into it.
enum OutFolder {
  /// The name of the database of a sweep.
  static let databaseName = "sweep.sqlite"
  /// Files that identify a sweep's folder, including those of an interrupted start.
  private static let marks = [databaseName, "results.log", "sweep.lock", "sweep.sqlite.new"]
  /// Subfolders that files are written into.
  private static let folders = [
    "blobs", "blobs/incoming", "logs", "models", "trajectories", "figure2", "latents",
  ]

  /// Checks that a run may write into a folder: it does not exist, is empty, or is a sweep's.
  ///
  /// - Parameter sweepFile: May be in the folder, as may hidden files.
  /// - Throws: `OutputFolderError`; nothing was written.
  static func require(_ folder: URL, sweepFile: URL) throws {
    let isThere = try output(folder).require(inputs: [sweepFile])
    if isThere { try requireNoLinks(folder) }
  }

  /// Checks that nothing in a sweep's folder is a symbolic link, which would redirect writes to
  /// other places.
  ///
  /// - Throws: `OutputFolderError`.
  static func requireNoLinks(_ folder: URL) throws {
    try output(folder).requireNoLinks(folders: folders)
  }

  private static func output(_ folder: URL) -> OutputFolder {
    OutputFolder(folder, owner: "a sweep's", marks: marks)
  }
}
