import Digests
import Foundation
import Trials

extension TrialRunner {
  /// What may vary without changing a result.
  package struct Options: Sendable {
    /// Whether the decoder runs for E₁ even when ν₁ = ν₂; see ``Trainer``.
    package var forceSecondPass: Bool
    /// How many threads compute; from 1 on.
    package var threads: Int
    /// Seconds between two calls of the progress closure.
    package var progressInterval: Double
    /// The archive's digest where it is known already; computed from all of the file otherwise.
    package var imagesDigest: Digest?
    /// The steps after which to write a ``CheckpointFile``; 0 is the initial state.
    package var checkpointSteps: Set<Int>
    /// How often to write one besides, of which the two newest stay; nil for never.
    package var checkpointInterval: CheckpointInterval?
    /// Whether to write one when the trial is stopped.
    package var savesWhenStopped: Bool
    /// Whether to write one at the trial's end.
    package var savesAtEnd: Bool
    /// The checkpoints to go on from: the first that is whole and this trial's.
    package var checkpoints: [Start]
    /// Whether to begin with initial parameters when no checkpoint is of use, instead of failing.
    package var beginsAnew: Bool

    /// A checkpoint to go on from, and the trajectory up to it.
    package struct Start: Hashable, Sendable {
      /// The checkpoint.
      package var url: URL
      /// The rows that are elsewhere; nil looks for all rows beside the checkpoint.
      package var trajectory: TrajectoryStart?
      /// A file with the rows after these, up to the checkpoint's and perhaps more; nil for none.
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
      beginsAnew: Bool = false
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
      self.beginsAnew = beginsAnew
    }
  }
}
