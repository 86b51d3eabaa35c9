import Files
import Foundation
import Narrowing

/// Checks the folder of a trial that a person runs, before anything is written into it.
enum TrialFolder {
  /// Files that every trial's folder has from its first step on.
  private static let marks = [
    "trajectory.csv", "trajectory.csv" + TrajectoryWriter.partialSuffix,
    WorkerFolder.resultFileName,
  ]

  /// Checks that a trial may write into a folder: it does not exist, is empty, or is a trial's.
  ///
  /// - Parameter inputs: Files that may be in it.
  /// - Throws: `OutputFolderError`; nothing was written.
  static func require(_ folder: URL, inputs: [URL]) throws {
    let output = OutputFolder(folder, owner: "a trial's", marks: marks)
    if try output.require(inputs: inputs) { try output.requireNoLinks() }
  }
}
