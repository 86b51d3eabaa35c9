import Foundation
import Trials

/// The file `trajectory.csv`: one ``TrajectoryRow`` for every sampled step.
///
/// Numbers are the shortest texts that read back as the same double, so equal runs give equal
/// bytes. Rows are in the file as soon as they are appended.
struct Trajectory: ~Copyable {
  private var file: PartialFile
  /// The file's content so far, heading and rows.
  private(set) var text: Data

  /// Starts the file in a folder with a content so far, or with its heading.
  init(in directory: URL, gates: Int, resuming text: Data?) throws(TrialFailure) {
    let text = text ?? Self.heading(gates: gates)
    var file = try PartialFile(at: directory.appending(path: ArtifactKind.trajectory.rawValue))
    try file.append(text)
    self.file = file
    self.text = text
  }

  private static func heading(gates: Int) -> Data {
    let columns =
      [
        "step", "squared_error", "mse", "constraint_average", "multiplier", "tolerance_hits",
        "gates_open", "expected_open", "kl",
      ] + (0..<gates).map { "gate_\($0)" }
    return Data((columns.joined(separator: ",") + "\n").utf8)
  }

  /// Appends a row.
  mutating func append(_ row: TrajectoryRow) throws(TrialFailure) {
    var line =
      "\(row.step),\(row.squaredError),\(row.mse),\(row.constraintAverage),\(row.multiplier),"
      + "\(row.toleranceHits),\(row.gatesOpen),\(row.expectedOpen),\(row.divergence)"
    for probability in row.openProbabilities { line += ",\(probability)" }
    let bytes = Data((line + "\n").utf8)
    try file.append(bytes)
    text += bytes
  }

  /// Completes the file.
  consuming func finish() throws(TrialFailure) -> Artifact {
    try file.finish(as: .trajectory)
  }
}
