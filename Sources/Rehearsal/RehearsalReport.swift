import Coordination

/// The outcome of a rehearsed sweep.
package struct RehearsalReport: Hashable, Sendable {
  /// How it ended; nil if it had not ended after fifty times the lower bound.
  package var ending: SweepEnding?
  /// Time from the start to the end.
  package var makespan = Duration.zero
  /// Lower bound of the makespan for any schedule: all work on all cores, or the critical path on
  /// the fastest host, with the most threads that a trial can have there.
  package var lowerBound = Duration.zero
  /// Total time that slots spent computing.
  package var busy = Duration.zero
  /// The part of it spent on steps that were computed more than once.
  package var wasted = Duration.zero
  /// Fraction of the slots' time spent computing.
  package var utilisation = 0.0
  /// How often a host failed.
  package var hostFailures = 0
  /// Attempts begun.
  package var attempts = 0
  /// Attempts at trials that another worker was running.
  package var duplicates = 0
  /// How often a running trial got other threads.
  package var threadChanges = 0
  /// Attempts that failed by themselves.
  package var attemptFailures = 0
  /// Attempts that resumed from a checkpoint.
  package var resumptions = 0
  /// Trials with a result.
  package var complete = 0
  /// Trials without one at the end.
  package var incomplete = 0
  /// Time that each host's slots spent computing, in the hosts' order.
  package var busyByHost: [Duration] = []
}
