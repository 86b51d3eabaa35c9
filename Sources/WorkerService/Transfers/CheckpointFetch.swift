import Digests
import Foundation
import Narrowing
import Supervision
import Transfers
import Trials

/// Brings the newest checkpoint that is of use into a work's folder.
struct CheckpointFetch: Sendable {
  let order: WorkOrder
  /// The work's folder.
  let folder: URL
  /// What dead workers of this host left, newest first.
  let salvage: [WorkerFolder.SalvagedCheckpoint]

  /// What was found.
  struct Outcome {
    /// The checkpoint, verified; nil for none.
    var checkpoint: FetchedCheckpoint?
    /// Why newer ones were not of use.
    var refusals: [String] = []
    /// Those of the coordinator's among them whose content is at fault.
    var refused: [RefusedCheckpoint] = []
  }

  /// Looks at what is on this host, as far as it is newer, then at what the coordinator has.
  ///
  /// - Throws: `TransferError` when the coordinator has one that cannot be had now: a trial does
  ///   not begin anew because a network is slow.
  func run(_ connection: borrowing TransferConnection) throws -> Outcome {
    var outcome = Outcome()
    let stored = order.checkpoints.sorted { $0.checkpoint.step > $1.checkpoint.step }
    for local in salvage
    where local.step > stored.first?.checkpoint.step ?? 0
      && local.attempt > max(order.voidThrough, order.distrustedThrough)
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
        // The transfer verifies the digest of the bytes, which says nothing of what is in them.
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

  /// Copies what a dead worker left into the work's folder: checkpoint and rows.
  private func copy(_ local: WorkerFolder.SalvagedCheckpoint) throws -> FetchedCheckpoint {
    let name = CheckpointFile.name(step: local.step)
    let rows = "rows-before-\(local.step).csv"
    let manager = FileManager.default
    try manager.copyItem(at: local.url, to: folder.appending(path: name))
    try manager.copyItem(at: local.rows, to: folder.appending(path: rows))
    return FetchedCheckpoint(
      file: name, stored: nil, trajectory: local.trajectory, rows: rows)
  }

  private var file: CheckpointFile {
    CheckpointFile(configuration: order.configuration, images: order.images)
  }
}

extension TransferError {
  /// Whether the error is the blob's, so that trying again would find the same.
  fileprivate var concernsBlob: Bool {
    switch self {
    case .digestMismatch, .sizeMismatch, .tooLarge, .missing, .rejected: true
    case .diskFull, .fileSystem, .busy, .stalled, .cancelled, .otherMajor, .messaging: false
    }
  }
}
