import Coordination
import Digests
import Store
import Transfers
import Trials

/// Removes from a finished sweep's folder what no record names any more: checkpoints whose workers
/// died before they could claim them, logs that have their place in `logs/`, half of what never
/// came whole.
enum BlobHousekeeping {
  /// Keeps the artifacts of results and the checkpoints of trials that may be tried again.
  static func tidy(_ blobs: BlobStore, _ journal: [JournalRecord]) throws(TransferError) {
    var kept: Set<Digest> = []
    var checkpoints: [TrialID: [Digest]] = [:]
    for record in journal {
      switch record {
      case .resultRecorded(let trial, _, _, let result):
        kept.formUnion(result.artifacts.map(\.digest))
        checkpoints[trial] = nil
      case .checkpointRecorded(let trial, _, let checkpoint):
        checkpoints[trial, default: []].append(checkpoint.digest)
      default: continue
      }
    }
    for digests in checkpoints.values { kept.formUnion(digests.suffix(2)) }
    try blobs.removeAll(except: kept)
  }
}
