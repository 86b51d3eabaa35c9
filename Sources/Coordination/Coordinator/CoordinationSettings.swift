import Trials

/// The times and limits of coordination.
package struct CoordinationSettings: Hashable, Sendable {
  /// How often a worker says that it is alive.
  package var heartbeatInterval = Duration.seconds(5)
  /// How often the coordinator says so to every worker, which also finds broken connections.
  package var probeInterval = Duration.milliseconds(1500)
  /// Silence after which a worker gets no new work.
  package var suspectAfter = Duration.seconds(20)
  /// Silence after which a worker is given up and its trials go elsewhere.
  package var lostAfter = Duration.seconds(60)
  /// How long a worker whose connection broke keeps its trials.
  ///
  /// With the probe interval it bounds how soon a killed worker's trial is leased again.
  package var reconnectGrace = Duration.seconds(3)
  /// How long, after the coordinator's own start, the workers of open leases may take to return.
  ///
  /// Longer than a live worker needs: at most 10 s for a connection attempt under way, 10 s to the
  /// next one, and a moment to announce itself.
  package var resumeGrace = Duration.seconds(30)
  /// How long heartbeats may omit a leased attempt before it is assigned again.
  package var claimTimeout = Duration.seconds(10)
  /// How often an attempt is assigned again in vain before its worker counts as deaf.
  package var claimLimit = 3
  /// How many failures of its own a trial may have before it is given up.
  package var attemptLimit = 3
  /// How many trials may fail before no further one is begun; nil for any number.
  package var failureLimit: Int?
  /// How many different trials may die on a host, with no result from it in between, before the
  /// host gets no more; the last host that works is never given up.
  package var hostFailureLimit = 3
  /// Whether further workers may join.
  ///
  /// Then a host that hands in false numbers is left out and its
  /// trials wait for others; if not, those trials fail.
  package var isOpen = true
  /// Whether one trial of a stage goes first.
  package var canary = SweepLimits.Canary.auto
  /// The expected core time of a stage from which on ``SweepLimits/Canary/auto`` sends one first.
  package var canaryThreshold = Duration.seconds(24 * 3600)
  /// How long a trial may take no step before the attempt counts as stuck.
  package var stallTimeout = Duration.seconds(600)
  /// Whether a second worker may run a straggler's trial as well, so that trials can move.
  package var duplicatesStragglers = true
  /// How much sooner a trial must end elsewhere before it moves while others wait, and how long one
  /// must wait for the worker that would finish it first before it begins on a slower one.
  ///
  /// Several times what a move costs: what was computed since a checkpoint, and the way of its
  /// bytes.
  package var worthMoving = Duration.seconds(600)
  /// How long a sweep waits for a person when only trials of paused stages are left.
  package var pauseLimit = Duration.seconds(600)
  /// The delay before a trial's third lease when the earlier ones ended without its fault.
  ///
  /// It doubles with every further one; the second lease is not delayed.
  package var retryDelay = Duration.seconds(1)
  /// The longest such delay.
  package var retryDelayLimit = Duration.seconds(60)
  /// How many bytes of checkpoints of complete trials are kept, for longer runs to go on from.
  package var keptCheckpointByteCount = 0
  /// Whether trials that had failed are tried again when the sweep resumes.
  package var retryFailed = false

  /// The defaults.
  package init() {}

  /// The defaults with a sweep's own limits.
  package init(limits: SweepLimits) {
    failureLimit = limits.failures
    attemptLimit = limits.attempts
    hostFailureLimit = limits.hostFailures
    canary = limits.canary
    stallTimeout = .seconds(60 * limits.stallMinutes)
    keptCheckpointByteCount = limits.keptCheckpointGigabytes * 1_000_000_000
  }
}
