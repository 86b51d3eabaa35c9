import Digests
import Foundation
import Trials

/// The file `trajectory.csv`: one ``TrajectoryRow`` for every sampled step.
///
/// Numbers are the shortest texts that read back as the same double, so equal runs give equal
/// bytes. An appended row is in the file at once. A trial that resumes from a checkpoint need not
/// have the rows before it: the file then begins behind them, and the digest still covers the whole
/// trajectory.
package struct TrajectoryWriter: ~Copyable {
  /// Appended to the file's name while it grows.
  package static let partialSuffix = PartialFile.suffix

  private var file: PartialFile
  private var stream: DigestStream
  private var byteCount: Int

  /// Creates the file in a folder and writes its heading.
  init(in directory: URL, gates: Int) throws(TrialFailure) {
    try self.init(in: directory, after: .beginning, text: Self.heading(gates: gates))
  }

  /// Creates the file in a folder with `text`, which follows the rows before `start`.
  init(in directory: URL, after start: TrajectoryStart, text: Data) throws(TrialFailure) {
    var file = try PartialFile(at: directory.appending(path: ArtifactKind.trajectory.rawValue))
    try file.append(text)
    self.file = file
    stream = start.stream
    stream.append(text)
    byteCount = start.prefix.byteCount + text.count
  }

  /// The trajectory so far.
  var prefix: TrajectoryPrefix { TrajectoryPrefix(stream, byteCount: byteCount) }

  private static func heading(gates: Int) -> Data {
    let columns = TrajectoryText.fixedColumns + (0..<gates).map { "gate_\($0)" }
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
    stream.append(bytes)
    byteCount += bytes.count
  }

  /// Completes the file.
  ///
  /// - Returns: The whole trajectory; the file may lack its beginning.
  consuming func finish() throws(TrialFailure) -> Artifact {
    let whole = prefix
    _ = try file.finish()
    return Artifact(kind: .trajectory, digest: whole.digest, byteCount: whole.byteCount)
  }
}
