import Trials

/// A leased attempt and its progress.
package struct RunningTrial: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// The worker that holds the lease.
  package var worker: WorkerID
  /// The worker's host; empty until a worker of an earlier run returns.
  package var host: String
  /// Whether the worker has claimed the attempt since it was leased or the coordinator started.
  package var isClaimed: Bool
  /// The last reported progress.
  package var progress: TrialProgress?
  /// Whether the coordinator has a checkpoint to resume the trial from.
  package var hasCheckpoint = false
  /// How many threads compute it; nil if its worker does not say.
  package var threads: Int?
}
