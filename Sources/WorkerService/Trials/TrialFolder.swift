import Files
import Foundation
import Narrowing

/// The folder of one trial that a person runs alone, looked at before anything is written into it.
enum TrialFolder {
  /// Files that every trial's folder has from its first step on.
  private static let marks = [
    "trajectory.csv", "trajectory.csv" + TrajectoryWriter.partialSuffix,
    WorkerFolder.resultFileName,
  ]

  /// Makes sure that a trial may write into a folder: it is empty, not there yet, or a trial's.
  ///
  /// - Parameter inputs: Files that may lie in it.
  /// - Throws: `OutputFolderError`; nothing was written.
  static func require(_ folder: URL, inputs: [URL]) throws {
    let output = OutputFolder(folder, owner: "a trial's", marks: marks)
    if try output.require(inputs: inputs) { try output.requireNoLinks() }
  }
}
