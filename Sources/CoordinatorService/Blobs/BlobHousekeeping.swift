import Coordination
import Digests
import Foundation
import Store
import Transfers
import Trials

/// Removes from a sweep's folder, before it begins and after it ends, what no record names any more.
///
/// That is checkpoints whose workers died before they could claim them, logs that have their place
/// in `logs/`, and half of what never came whole. ``BlobAccounts`` does it in between.
enum BlobHousekeeping {
  /// What a worker stored shortly before the coordinator ended may be about to be named.
  private static let grace: TimeInterval = 3600

  /// Removes what is older than an hour and no record names; before anybody can store.
  static func begin(
    _ blobs: BlobStore, _ plan: SweepPlan, _ journal: [JournalRecord], orphans: OrphanedFiles
  ) throws(TransferError) {
    try blobs.removeAll(
      except: named(plan, journal, orphans: orphans),
      unchangedSince: Date(timeIntervalSinceNow: -grace))
  }

  /// Keeps the artifacts of results, discarded ones too, the checkpoints of trials that may be tried
  /// again, and those that longer runs may go on from.
  ///
  /// - Parameters:
  ///   - orphans: What trials left that are no longer planned, and may be again; of their
  ///     checkpoints as many are kept as there is room for, the latest first.
  ///   - keptCheckpointByteCount: How many bytes the checkpoints may have that longer runs go on from.
  static func tidy(
    _ blobs: BlobStore, _ plan: SweepPlan, _ journal: [JournalRecord],
    orphans: OrphanedFiles = OrphanedFiles(), keptCheckpointByteCount: Int = 0
  ) throws(TransferError) {
    try blobs.removeAll(
      except: named(
        plan, journal, orphans: orphans, keptCheckpointByteCount: keptCheckpointByteCount))
  }

  /// What a sweep may still need, as its record says.
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
        // The files of a discarded result stay: the result is kept aside, not deleted.
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

  /// The checkpoints that trials can go on from after a journal: those that the coordinator that
  /// reads it would offer, and all of a journal that contradicts itself.
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
