import Digests
import Trials

/// A durable fact about a sweep.
///
/// The journal is the truth: the coordinator's durable state is what replaying its records in
/// order gives.
package enum JournalRecord: Codable, Hashable, Sendable {
  /// The trials of a data set train on this image archive, and on no other.
  case imagesPinned(dataset: Dataset, digest: Digest)
  /// An attempt was handed to a worker.
  case trialLeased(trial: TrialID, attempt: Int, worker: WorkerID)
  /// An attempt ended without a result.
  case attemptEnded(trial: TrialID, attempt: Int, failure: TrialFailure)
  /// The trial's one result.
  case resultRecorded(trial: TrialID, attempt: Int, worker: WorkerID, result: TrialResult)
  /// The trial will not be tried again by itself.
  case trialFailed(trial: TrialID, failure: TrialFailure)
  /// A failed trial waits again, with a fresh budget of failures: a person asked for it, or the
  /// parent whose failure it inherited has a result after all.
  case trialRetried(trial: TrialID)
}
