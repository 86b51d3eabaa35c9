import Digests
import Foundation
import Narrowing
import Supervision
import Transfers
import Trials

/// Fetches the newest usable checkpoint into a work's folder.
struct CheckpointFetch: Sendable {
  let assignment: Assignment
  /// The work's folder.
  let folder: URL
  /// Checkpoints that dead workers of this host left, newest first.
  let leftCheckpoints: [WorkerFolder.LeftCheckpoint]

  /// What was found.
  struct Outcome {
    /// The checkpoint, verified; nil for none.
    var checkpoint: FetchedCheckpoint?
    /// Why newer ones could not be used.
    var refusals: [String] = []
    /// Those of the coordinator's among them whose content is invalid.
    var refused: [RefusedCheckpoint] = []
  }

  /// Tries the checkpoints on this host that are newer than the coordinator's, then the
  /// coordinator's.
  ///
  /// - Throws: `TransferError` if one of the coordinator's cannot be fetched now. A slow network
  ///   must not restart a trial from step 0.
  func run(_ connection: borrowing TransferConnection) throws -> Outcome {
    var outcome = Outcome()
    let stored = assignment.checkpoints.sorted { $0.checkpoint.step > $1.checkpoint.step }
    for local in leftCheckpoints
    where local.step > stored.first?.checkpoint.step ?? 0
      && local.attempt > max(assignment.voidThrough, assignment.distrustedThrough)
    {
      do {
        try file.verify(local.url, expectedStep: local.step)
        outcome.checkpoint = try copy(local)
        return outcome
      } catch {
        outcome.refusals.append("\(error)")
      }
    }
    for point in stored {
      let checkpoint = point.checkpoint
      do {
        let name = CheckpointFile.name(step: checkpoint.step)
        let url = folder.appending(path: name)
        // The transfer verifies only the digest, not the content.
        try connection.use { client, cancellation in
          try client.fetch(
            checkpoint.digest, byteCount: checkpoint.byteCount, to: url,
            cancellation: cancellation)
        }
        try file.verify(url, expectedStep: checkpoint.step)
        outcome.checkpoint = FetchedCheckpoint(
          file: name, stored: checkpoint, trajectory: point.trajectory)
        return outcome
      } catch let error as TransferError where !error.concernsBlob {
        throw error
      } catch let error as TransferError {
        outcome.refusals.append("step \(checkpoint.step): \(error)")
      } catch let error as CheckpointError {
        outcome.refusals.append("step \(checkpoint.step): \(error)")
        guard error.reason != .unreadable else { continue }
        outcome.refused.append(
          RefusedCheckpoint(digest: checkpoint.digest, reason: error.finding))
      }
    }
    return outcome
  }

  /// Copies a dead worker's checkpoint and rows into the work's folder.
  private func copy(_ local: WorkerFolder.LeftCheckpoint) throws -> FetchedCheckpoint {
    let name = CheckpointFile.name(step: local.step)
    let rows = FetchedCheckpoint.rowsName(step: local.step)
    let manager = FileManager.default
    try manager.copyItem(at: local.url, to: folder.appending(path: name))
    try manager.copyItem(at: local.rows, to: folder.appending(path: rows))
    return FetchedCheckpoint(
      file: name, stored: nil, trajectory: local.trajectory, rows: rows)
  }

  private var file: CheckpointFile {
    CheckpointFile(configuration: assignment.configuration, images: assignment.images)
  }
}

extension TransferError {
  /// Whether the error is due to the blob, so that a retry would fail again.
  fileprivate var concernsBlob: Bool {
    switch self {
    case .digestMismatch, .sizeMismatch, .tooLarge, .missing, .rejected: true
    case .diskFull, .fileSystem, .busy, .stalled, .cancelled, .otherMajor, .messaging: false
    }
  }
}
