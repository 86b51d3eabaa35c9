import Foundation
import Trials

/// The file `pace.csv`: the training speed at each sample of the trajectory.
struct PaceWriter: ~Copyable {
  private var file: PartialFile
  private var lastStep: Int
  private var lastSeconds = 0.0

  /// Creates the file in a folder and writes its heading.
  ///
  /// - Parameter step: The step that the trial starts or resumes from.
  init(in directory: URL, from step: Int) throws(TrialFailure) {
    var file = try PartialFile(at: directory.appending(path: ArtifactKind.pace.rawValue))
    try file.append(Data((TrajectoryText.paceColumns.joined(separator: ",") + "\n").utf8))
    self.file = file
    lastStep = step
  }

  /// Appends a sample.
  ///
  /// - Parameter seconds: Wall-clock time since this attempt at the trial began.
  mutating func append(step: Int, seconds: Double) throws(TrialFailure) {
    let elapsed = max(seconds - lastSeconds, 1e-9)
    try file.append(Data("\(step),\(seconds),\(Double(step - lastStep) / elapsed)\n".utf8))
    (lastStep, lastSeconds) = (step, seconds)
  }

  /// Completes the file.
  consuming func finish() throws(TrialFailure) -> Artifact {
    try file.finish(as: .pace)
  }
}
