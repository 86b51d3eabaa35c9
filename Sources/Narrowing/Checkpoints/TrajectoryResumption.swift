import Digests
import Foundation
import Images
import Trials

/// The trajectory of a trial that goes on from a checkpoint: what is elsewhere, and what is here.
struct TrajectoryResumption {
  /// The rows that are elsewhere.
  let start: TrajectoryStart
  /// The rows after these, up to the checkpoint.
  let text: Data

  /// Finds the trajectory up to a checkpoint, and holds it against the checkpoint's digest.
  ///
  /// - Parameters:
  ///   - prefix: The trajectory as the checkpoint names it.
  ///   - isShorterRun: Whether the checkpoint is a shorter run's, whose trajectory may have rows
  ///     that this trial's lacks.
  ///   - keeping: Makes the beginning of this trial's trajectory of a shorter run's.
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
        throw fail("rows that are no trajectory", "rows that begin with their step")
      }
      start = .beginning
      self.text = Data(kept)
      return
    }
    throw fail(
      "no \(name) beside it with the rows up to its step",
      "\(prefix.byteCount) bytes with digest \(prefix.digest)")
  }

  /// The first bytes of a file; nil when it has fewer.
  private static func bytes(_ count: Int, of url: URL?) -> Data? {
    guard let url, let file = try? FileHandle(forReadingFrom: url) else { return nil }
    defer { try? file.close() }
    guard let bytes = try? file.read(upToCount: count), bytes.count == count else { return nil }
    return bytes
  }
}
