import Trials

/// What the journal says of one trial.
package struct TrialStanding: Hashable, Sendable {
  /// Waiting, running (leased), complete, failed or stopped.
  package var status = TrialStatus.waiting
  /// The number of the latest attempt; 0 before the first.
  package var attempts: Int {
    get { Int(attemptNumber) }
    set { attemptNumber = Int32(newValue) }
  }
  /// Failures of the trial's own making.
  package var chargedFailures: Int32 = 0
  /// Attempts that ended for no fault of the trial.
  package var unchargedFailures: Int32 = 0
  /// How many parents have no result yet.
  package var unfinishedParents: Int32
  /// The worker of the latest lease that is open, or that ended last, or of the result once there
  /// is one.
  package var worker: WorkerID?
  /// Why the latest attempt, or the trial, failed; nil once it is complete.
  package var failure: TrialFailure?
  /// Hash of what is deterministic about the result; equal within this process only.
  var contentHash: Int?
  private var attemptNumber: Int32 = 0

  init(unfinishedParents: Int) { self.unfinishedParents = Int32(unfinishedParents) }

  /// Whether it failed for another reason than a parent's failure.
  var hasFailedByItself: Bool { status == .failed && failure?.cause != .parentFailed }
}

extension TrialResult {
  /// Hash of what ``contentDigest`` digests, at a fraction of the cost; not for keeping.
  var contentHash: Int {
    var hasher = Hasher()
    hasher.combine(milestones)
    hasher.combine(artifacts.filter(\.kind.isDeterministic))
    return hasher.finalize()
  }
}

/// How many trials have each status.
package struct TrialCounts: Hashable, Sendable {
  /// Not leased now, and to be.
  package var waiting = 0
  /// Leased to a worker.
  package var running = 0
  /// With a result.
  package var complete = 0
  /// Given up.
  package var failed = 0
  /// Not wanted any more by a person.
  package var stopped = 0

  /// No trials at all.
  package init() {}

  /// All trials of the plan.
  package var total: Int { waiting + running + complete + failed + stopped }
  /// Whether no trial waits or runs.
  package var haveAllEnded: Bool { waiting + running == 0 }

  /// The count of a status that the coordinator gives to trials.
  subscript(status: TrialStatus) -> Int {
    get { self[keyPath: Self.keyPath(of: status)] }
    set { self[keyPath: Self.keyPath(of: status)] = newValue }
  }

  private static func keyPath(of status: TrialStatus) -> WritableKeyPath<TrialCounts, Int> {
    switch status {
    case .waiting: \.waiting
    case .running: \.running
    case .complete: \.complete
    case .failed: \.failed
    case .stopped: \.stopped
    }
  }
}

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
}

/// What is known of a worker.
package struct WorkerStanding: Hashable, Sendable {
  /// The worker.
  package var worker: WorkerID
  /// Its host's name.
  package var host: String
  /// How many trials it runs at once.
  package var slots: Int
  /// How many it is leased.
  package var leases: Int
  /// Whether it has a connection.
  package var isConnected: Bool
  /// Whether it is too silent to get new work.
  package var isSuspect: Bool
  /// Whether its host gets nothing to do.
  package var isDrained: Bool
  /// What keeps it from taking further trials, in its own words; nil when nothing does.
  package var obstacle: String?
  /// The processor's model name; empty if unknown.
  package var processor: String
  /// Instruction set that its kernels use; empty if unknown.
  package var instructionSet: String
  /// The speed of one of its slots as far as it is known, 1 for the one that expected costs are
  /// for.
  package var speed: Double
}
