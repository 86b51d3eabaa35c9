import Digests
import Files
import Foundation
import Images
import Trials

/// The trajectory of a trial that resumes from a checkpoint: rows on the coordinator, and local
/// rows.
struct TrajectoryResumption {
  /// The rows that this folder lacks.
  let start: TrajectoryStart
  /// The rows after these, up to the checkpoint.
  let text: Data

  /// Finds the trajectory up to a checkpoint, and checks it against the checkpoint's digest.
  ///
  /// - Parameters:
  ///   - prefix: The trajectory's length and digest in the checkpoint.
  ///   - isShorterRun: Whether the checkpoint is from a shorter run, whose trajectory may have rows
  ///     that this trial's does not have.
  ///   - keeping: Selects those rows of a shorter run that this trial has too.
  init(
    _ checkpoint: TrialRunner.Options.Start, prefix: TrajectoryPrefix, isShorterRun: Bool,
    keeping: ([UInt8]) -> [UInt8]?
  ) throws(CheckpointError) {
    func fail(_ found: String, _ expected: String) -> CheckpointError {
      CheckpointError(
        .mismatch, path: checkpoint.url.path, part: "trajectory", found: found, expected: expected)
    }
    if let start = checkpoint.trajectory {
      let missing = isShorterRun ? 0 : prefix.byteCount - start.prefix.byteCount
      let text = missing > 0 ? Self.bytes(missing, of: checkpoint.rows) ?? Data() : Data()
      var stream = start.stream
      stream.append(text)
      guard isShorterRun || (missing >= 0 && stream.digest == prefix.digest) else {
        throw fail(
          "other rows before the checkpoint than it names",
          "\(prefix.byteCount) bytes with digest \(prefix.digest)")
      }
      self.start = start
      self.text = text
      return
    }
    let folder = checkpoint.url.deletingLastPathComponent()
    let name = ArtifactKind.trajectory.rawValue
    for file in [name, name + PartialFile.suffix] {
      guard let text = Self.bytes(prefix.byteCount, of: folder.appending(path: file)),
        Digest.of(text) == prefix.digest
      else { continue }
      guard let kept = isShorterRun ? keeping(Array(text)) : Array(text) else {
        throw fail("rows that are not a trajectory", "rows that begin with their step")
      }
      start = .beginning
      self.text = Data(kept)
      return
    }
    throw fail(
      "no \(name) beside it with the rows up to its step",
      "\(prefix.byteCount) bytes with digest \(prefix.digest)")
  }

  /// The first bytes of a file; nil if it has fewer.
  private static func bytes(_ count: Int, of url: URL?) -> Data? {
    guard let url, let file = try? RegularFile.reading(url) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.read(upToCount: count), bytes.count == count else { return nil }
    return bytes
  }
}
