import Coordination
import Digests
import Foundation
import Logging
import Store
import Transfers
import Trials

/// Reuses results of other sweeps, before a sweep starts or resumes.
struct ResultReuse {
  let results: ReusableResults
  let images: [Dataset: Digest]
  let blobs: BlobStore
  let logger: Logger

  /// Most refused results that are logged individually.
  private static let loggedRefusalCountMaximum = 10

  /// Reuses all matching results, parents first, since the children's configurations depend on
  /// their parents' numbers.
  ///
  /// Copies the files before writing the records, so that the next run can continue after an
  /// interruption.
  ///
  /// - Throws: `StoreError`, or ``JournalContradiction`` if a record cannot follow.
  func perform(in coordinator: inout Coordinator, _ plan: SweepPlan, store: SweepStore) throws {
    for refusal in results.refusals.prefix(Self.loggedRefusalCountMaximum) {
      logger.warning("\(refusal)")
    }
    if results.refusals.count > Self.loggedRefusalCountMaximum {
      logger.warning("and \(results.refusals.count - Self.loggedRefusalCountMaximum) more")
    }
    var counts: [String: Int] = [:]
    for trial in plan.trials {
      guard let standing = coordinator.standing(of: trial.id), standing.status == .waiting,
        !standing.isDoubted, standing.unfinishedParents == 0,
        let configuration = coordinator.runningConfiguration(of: trial.id)
      else { continue }
      let images = images[configuration.dataset]
      for candidate in results.candidates(for: configuration, images: images) {
        guard copies(candidate, for: trial.id) else { continue }
        let record = JournalRecord.resultReused(
          trial: trial.id, origin: candidate.origin, result: candidate.result)
        try coordinator.replay(record)
        try RecordHold.waitingWhileBusy(logger) { try store.append([record]) }
        counts[candidate.origin.folder, default: 0] += 1
        break
      }
    }
    for (folder, count) in counts.sorted(by: { $0.key < $1.key }) {
      logger.notice("took \(count) of \(plan.trials.count) results over from \(folder)")
    }
    if counts.isEmpty { logger.notice("found no result to take over") }
  }

  /// Copies a result's files and verifies their digests.
  private func copies(_ candidate: ReusableResults.Candidate, for trial: TrialID) -> Bool {
    do {
      for artifact in candidate.result.result.artifacts {
        try blobs.insert(
          artifact.digest, from: BlobStore.url(for: artifact.digest, in: candidate.blobs))
      }
      return true
    } catch {
      logger.warning(
        "the result of trial \(trial) in \(candidate.origin.folder) is not reused: \(error)")
      return false
    }
  }
}
