import Digests
import Foundation
import Trials

extension TrialRunner {
  /// Options that do not change a trial's result.
  package struct Options: Sendable {
    /// Whether the decoder runs for E₁ even when ν₁ = ν₂; see ``Trainer``.
    package var forceSecondPass: Bool
    /// The number of computing threads, at least 1.
    package var threads: Int
    /// Seconds between two calls of the progress closure.
    package var progressInterval: Double
    /// The archive's digest if known; otherwise it is computed from the whole file.
    package var imagesDigest: Digest?
    /// The steps after which to write a ``CheckpointFile``; 0 is the initial state.
    package var checkpointSteps: Set<Int>
    /// How often to write another one; the two newest of these are kept.
    ///
    /// Nil for never.
    package var checkpointInterval: CheckpointInterval?
    /// Whether to write one when the trial is stopped.
    package var savesWhenStopped: Bool
    /// Whether to write one at the trial's end.
    package var savesAtEnd: Bool
    /// The checkpoints to resume from: the first one that is valid for this trial is used.
    package var checkpoints: [Start]
    /// Whether to start from initial parameters, instead of failing, if no checkpoint is valid.
    package var startsOver: Bool

    /// A checkpoint to resume from, and the trajectory up to it.
    package struct Start: Hashable, Sendable {
      /// The checkpoint.
      package var url: URL
      /// The rows that are not in a local file; nil means that all rows are beside the checkpoint.
      package var trajectory: TrajectoryStart?
      /// A file with the rows after these, at least up to the checkpoint; nil for none.
      package var rows: URL?

      /// A checkpoint, and the trajectory up to it.
      package init(_ url: URL, trajectory: TrajectoryStart? = nil, rows: URL? = nil) {
        self.url = url
        self.trajectory = trajectory
        self.rows = rows
      }
    }

    /// The given options; the defaults suit a trial of a sweep.
    package init(
      forceSecondPass: Bool = false, threads: Int = 1, progressInterval: Double = 0.5,
      imagesDigest: Digest? = nil,
      checkpointSteps: Set<Int> = [], checkpointInterval: CheckpointInterval? = nil,
      savesWhenStopped: Bool = false, savesAtEnd: Bool = false, checkpoints: [Start] = [],
      startsOver: Bool = false
    ) {
      self.forceSecondPass = forceSecondPass
      self.threads = threads
      self.progressInterval = progressInterval
      self.imagesDigest = imagesDigest
      self.checkpointSteps = checkpointSteps
      self.checkpointInterval = checkpointInterval
      self.savesWhenStopped = savesWhenStopped
      self.savesAtEnd = savesAtEnd
      self.checkpoints = checkpoints
      self.startsOver = startsOver
    }
  }
}
