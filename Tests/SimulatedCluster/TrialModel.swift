import Coordination
import Digests
import Trials

/// The checker's model of a trial according to the journal.
struct TrialModel {
  var attempts = 0
  var chargedFailures = 0
  /// How many results were refused.
  var refusals = 0
  var hasFailed = false
  var isStopped = false
  var leases: [ModelLease] = []
  var result: ReceivedResult?
  /// Recorded checkpoints: the one of the most steps, then the latest other one.
  var checkpoints: [TrialCheckpoint] = []
  /// The last checkpoint of a complete trial, while it is kept.
  var last: TrialCheckpoint?
  /// Attempts up to this one are void.
  var voidThrough = 0
  /// Reports of an unfinished trial, and where pieces of its trajectory end.
  var reports: [Int: MilestoneReport] = [:]
  /// Milestone indices reported by lying workers.
  var liedReports: Set<Int> = []
  /// The workers that leased each attempt.
  var lessees: [Int: ModelLease] = [:]
  /// Whether a lying worker delivered the result.
  var isLie = false
  /// Checkpoints of attempts up to this one are not used.
  var distrustedThrough = 0
  /// How many checkpoints could not be used.
  var distrustCount = 0
  /// Checkpoints that were refused.
  var refused: Set<Digest> = []
  /// The checkpoints given to each attempt, and those that could not be resumed from.
  var given: [Int: Set<Digest>] = [:]
  var unusable: Set<Digest> = []
  /// How attempts diverged, and whether they began at step 0.
  var divergences: [(divergence: Divergence, isFromStart: Bool)] = []
  var ends: Set<TrajectoryPrefix> = [.empty]
  /// Whether it resumes from a shorter run.
  var isExtended = false

  /// Voids all its attempts.
  mutating func void() {
    voidThrough = attempts
    chargedFailures = 0
    refusals = 0
    checkpoints = []
    reports = [:]
    liedReports = []
    lessees = [:]
    distrustedThrough = 0
    distrustCount = 0
    refused = []
    given = [:]
    unusable = []
    divergences = []
    ends = [.empty]
    isExtended = false
  }

  /// Whether an attempt from step 0 diverged like another one.
  var hasDivergedAlike: Bool {
    divergences.indices.contains { index in
      divergences[index].isFromStart
        && divergences.prefix(index).contains { $0.divergence == divergences[index].divergence }
    }
  }
}

/// An attempt that was leased.
struct ModelLease: Equatable {
  var attempt: Int
  var worker: WorkerID
  /// Whether it was given checkpoints.
  var wasGivenCheckpoints = false
}
