import Coordination

/// What a rehearsed sweep came to.
package struct RehearsalReport: Hashable, Sendable {
  /// How it ended; nil if it had not after fifty times the time that it should take.
  package var ending: SweepEnding?
  /// From the start to the end.
  package var makespan = Duration.zero
  /// What no order of trials can beat: all work on all slots, or the longest chain of trials on the
  /// fastest one.
  package var lowerBound = Duration.zero
  /// Time that slots spent computing, all together.
  package var busy = Duration.zero
  /// What of that was spent on steps that were computed before, or twice at once.
  package var wasted = Duration.zero
  /// Share of the slots' time that was spent computing.
  package var utilisation = 0.0
  /// How often a host ended suddenly.
  package var hostFailures = 0
  /// Attempts begun.
  package var attempts = 0
  /// Attempts at trials that another worker was running.
  package var duplicates = 0
  /// Attempts that died by themselves.
  package var attemptFailures = 0
  /// Attempts that went on from a checkpoint.
  package var resumptions = 0
  /// Trials with a result.
  package var complete = 0
  /// Trials without one at the end.
  package var incomplete = 0
  /// Time that each host's slots spent computing, in the hosts' order.
  package var busyByHost: [Duration] = []
}
