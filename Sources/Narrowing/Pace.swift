import Foundation
import Trials

/// The file `pace.csv`: how fast the trial trained, at the trajectory's samples.
struct Pace: ~Copyable {
  private var file: PartialFile
  private var lastStep = 0
  private var lastSeconds = 0.0

  /// Starts the file in a folder, with its heading.
  init(in directory: URL) throws(TrialFailure) {
    var file = try PartialFile(at: directory.appending(path: ArtifactKind.pace.rawValue))
    try file.append(Data("step,seconds,steps_per_second\n".utf8))
    self.file = file
  }

  /// Appends the steps and wall-clock seconds since the trial began.
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
