import Trials

/// The times and limits of coordination.
package struct CoordinationSettings: Hashable, Sendable {
  /// Interval of a worker's heartbeats.
  package var heartbeatInterval = Duration.seconds(5)
  /// Interval of the coordinator's heartbeats to every worker; they also detect broken connections.
  package var probeInterval = Duration.milliseconds(1500)
  /// Silence after which a worker gets no new work.
  package var suspectAfter = Duration.seconds(20)
  /// Silence after which a worker is lost and its trials are leased to others.
  package var lostAfter = Duration.seconds(60)
  /// How long a worker whose connection broke keeps its trials.
  ///
  /// Together with the probe interval it determines how soon a killed worker's trial is leased
  /// again.
  package var reconnectGrace = Duration.seconds(3)
  /// How long after the coordinator's start the workers of open leases may take to reconnect.
  ///
  /// A live worker needs at most 10 s for a running connection attempt, 10 s until the next one,
  /// and a moment to announce itself.
  package var resumeGrace = Duration.seconds(30)
  /// How long heartbeats may omit a leased attempt before it is assigned again.
  package var claimTimeout = Duration.seconds(10)
  /// How often an unclaimed assignment is repeated before its worker counts as unresponsive.
  package var claimLimit = 3
  /// How many failures of its own a trial may have before it is given up.
  package var attemptLimit = 3
  /// How many trials may fail before no further one starts; nil for any number.
  package var failureLimit: Int?
  /// How many different trials may fail on a host, without a result in between, before the host is
  /// drained; the last usable host is never drained.
  package var hostFailureLimit = 3
  /// Whether further workers may join.
  ///
  /// If so, a host that delivers false numbers is excluded and its trials wait for other hosts. If
  /// not, those trials fail.
  package var isOpen = true
  /// Whether one trial of a stage starts alone.
  package var canary = SweepLimits.Canary.auto
  /// ``SweepLimits/Canary/auto`` starts one trial alone in stages of at least this expected core
  /// time.
  package var canaryThreshold = Duration.seconds(24 * 3600)
  /// How long a trial may take no step before the attempt fails.
  package var stallTimeout = Duration.seconds(600)
  /// Whether a second worker may run a straggler's trial too, so that trials can move.
  package var duplicatesStragglers = true
  /// While others wait, a trial moves only if it ends this much sooner elsewhere.
  ///
  /// A trial that would wait this long for the worker that finishes it first starts on a slower
  /// one.
  ///
  /// Several times the cost of a move: the steps since the last checkpoint, and its transfer.
  package var worthMoving = Duration.seconds(600)
  /// A running trial gets other threads only if that saves this much time.
  ///
  /// Several times the cost of the change, some seconds: a checkpoint, the start of a process, and
  /// the images read again. Two changes of one trial are at least twice this time apart.
  package var worthDividing = Duration.seconds(60)
  /// How long a sweep waits for a person when only trials of paused stages are left.
  package var pauseLimit = Duration.seconds(600)
  /// The delay before a trial's third lease if the earlier ones ended for external reasons.
  ///
  /// It doubles with every further one; the second lease is not delayed.
  package var retryDelay = Duration.seconds(1)
  /// The longest such delay.
  package var retryDelayLimit = Duration.seconds(60)
  /// How many bytes of checkpoints of complete trials are kept for longer runs to resume from.
  package var keptCheckpointByteCount = 0
  /// Whether failed trials are retried when the sweep resumes.
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
