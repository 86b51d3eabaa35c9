import Coordination
import Digests
import Files
import Foundation
import Transfers
import Trials

/// Prepares a longer run from the files of a complete shorter one.
struct LongerRun {
  /// Why it cannot be prepared, as a clause.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let blobs: BlobStore

  /// Prepares the longer run.
  ///
  /// - Parameters:
  ///   - configuration: The longer run's, every parameter resolved.
  ///   - shorter: The shorter run's result.
  ///   - checkpoint: The trainer's state at the shorter run's end.
  /// - Returns: The checkpoint with the longer run's trajectory before it, and that trajectory.
  /// - Throws: ``Failure``.
  func begin(
    _ configuration: TrialConfiguration, from shorter: TrialResult, _ checkpoint: TrialCheckpoint
  ) throws(Failure) -> (checkpoint: TrialCheckpoint, trajectory: TrajectoryPiece) {
    guard blobs.contains(checkpoint.digest) else {
      throw Failure(description: "its last checkpoint, \(checkpoint.digest), is not there")
    }
    guard let file = shorter.artifacts.first(where: { $0.kind == .trajectory }),
      let text = try? WholeFile.read(blobs.url(for: file.digest)),
      Digest.of(text) == file.digest
    else { throw Failure(description: "its trajectory is missing or damaged") }
    let budgets = configuration.milestones
    // If the common stopping rule ended the shorter run, it ends the longer one too.
    let steps = shorter.milestones.filter {
      budgets.contains($0.budget) || $0.endedByRule
    }.map(\.step)
    guard
      let kept = TrajectoryText.beginning(
        of: Array(text), sampleEvery: configuration.trainer.sampleEvery, milestones: Set(steps))
    else { throw Failure(description: "its trajectory has rows that do not begin with a step") }
    let piece = TrajectoryPiece(after: .beginning, payload: kept)
    var checkpoint = checkpoint
    checkpoint.trajectory = piece.end.prefix
    return (checkpoint, piece)
  }
}
