import Trials

/// An attempt that a worker was leased, and how far it is.
package struct RunningTrial: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// Who has the lease.
  package var worker: WorkerID
  /// The worker's host; empty until a worker of an earlier run returns.
  package var host: String
  /// Whether the worker has claimed the attempt since it was leased or the coordinator started.
  package var isClaimed: Bool
  /// The last progress heard of.
  package var progress: TrialProgress?
  /// Whether a checkpoint of the trial is here to go on from.
  package var hasCheckpoint = false
}
