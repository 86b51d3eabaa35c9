import Coordination
import Digests
import Foundation
import Store
import Transfers
import Trials

/// Removes blobs that no record names, before a sweep begins and after it ends.
///
/// These are checkpoints whose workers died before claiming them, logs that are now in `logs/`, and
/// incomplete uploads. ``BlobAccounts`` does the same while the sweep runs.
enum BlobHousekeeping {
  /// Recent blobs are kept, since a record may still come to name them.
  private static let grace: TimeInterval = 3600

  /// Removes blobs older than an hour that no record names; call it before clients can upload.
  static func begin(
    _ blobs: BlobStore, _ plan: SweepPlan, _ journal: [JournalRecord], orphans: OrphanedFiles
  ) throws(TransferError) {
    try blobs.removeAll(
      except: named(plan, journal, orphans: orphans),
      unchangedSince: Date(timeIntervalSinceNow: -grace))
  }

  /// Keeps the artifacts of results (also of discarded ones), the checkpoints of trials that may be
  /// retried, and those that longer runs may resume from.
  ///
  /// - Parameters:
  ///   - orphans: Files of trials that are no longer planned but may be again. Their checkpoints
  ///     are kept as far as there is room, the latest first.
  ///   - keptCheckpointByteCount: Size limit of the checkpoints kept for longer runs.
  static func tidy(
    _ blobs: BlobStore, _ plan: SweepPlan, _ journal: [JournalRecord],
    orphans: OrphanedFiles = OrphanedFiles(), keptCheckpointByteCount: Int = 0
  ) throws(TransferError) {
    try blobs.removeAll(
      except: named(
        plan, journal, orphans: orphans, keptCheckpointByteCount: keptCheckpointByteCount))
  }

  /// The blobs that a sweep may still need, according to its record.
  static func named(
    _ plan: SweepPlan, _ journal: [JournalRecord], orphans: OrphanedFiles,
    keptCheckpointByteCount: Int = .max
  ) -> Set<Digest> {
    var kept = orphans.artifacts.union(checkpoints(plan, journal))
    var lasts: [TrialID: TrialCheckpoint] = [:]
    for record in journal {
      switch record {
      case .resultRecorded(let trial, _, _, let received, let last):
        kept.formUnion(received.result.artifacts.map(\.digest))
        lasts[trial] = last
      case .resultReused(_, _, let received):
        kept.formUnion(received.result.artifacts.map(\.digest))
      case .resultDiscarded(let trial, _), .attemptsVoided(let trial, _):
        // The files of a discarded result are kept, since the result is set aside, not deleted.
        lasts[trial] = nil
      case .checkpointDropped(let trial): lasts[trial] = nil
      default: continue
      }
    }
    kept.formUnion(lasts.values.map(\.digest))
    var room = keptCheckpointByteCount - lasts.values.reduce(0) { $0 + $1.byteCount }
    for checkpoint in orphans.checkpoints where checkpoint.byteCount <= room {
      room -= checkpoint.byteCount
      kept.insert(checkpoint.digest)
    }
    return kept
  }

  /// The checkpoints that trials can go on from after a journal: those that a coordinator
  /// would offer after reading it; all of them if the journal contradicts itself.
  private static func checkpoints(_ plan: SweepPlan, _ journal: [JournalRecord]) -> Set<Digest> {
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    do {
      for record in journal { try coordinator.replay(record) }
      return coordinator.checkpointDigests
    } catch {
      var digests: Set<Digest> = []
      for case .checkpointRecorded(_, _, let checkpoint) in journal {
        digests.insert(checkpoint.digest)
      }
      return digests
    }
  }
}
