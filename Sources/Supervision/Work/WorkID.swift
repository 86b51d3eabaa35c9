import Trials

/// Identifies one run of a trial in this worker process, for its process, files and transfers.
///
/// A trial may run for one sweep while its result for another one waits, and again for the same
/// sweep after it was given up. Each run is a separate work.
package struct WorkID: Hashable, Sendable, Comparable {
  /// The sweep that the trial is run for.
  package var sweep: String
  /// The trial.
  package var trial: TrialID
  /// Counts the runs of this worker process, from 1.
  package var launch: Int

  /// Names a run.
  package init(sweep: String, trial: TrialID, launch: Int) {
    self.sweep = sweep
    self.trial = trial
    self.launch = launch
  }

  package static func < (left: WorkID, right: WorkID) -> Bool {
    (left.trial, left.launch) < (right.trial, right.launch)
  }
}
