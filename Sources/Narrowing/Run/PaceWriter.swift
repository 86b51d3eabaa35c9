import Foundation
import Trials

/// The file `pace.csv`: how fast the trial trained, at the trajectory's samples.
struct PaceWriter: ~Copyable {
  private var file: PartialFile
  private var lastStep: Int
  private var lastSeconds = 0.0

  /// Starts the file in a folder, with its heading.
  ///
  /// - Parameter step: The step that the trial goes on from.
  init(in directory: URL, from step: Int) throws(TrialFailure) {
    var file = try PartialFile(at: directory.appending(path: ArtifactKind.pace.rawValue))
    try file.append(Data("step,seconds,steps_per_second\n".utf8))
    self.file = file
    lastStep = step
  }

  /// Appends the steps and wall-clock seconds since this attempt at the trial began.
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
