import Coordination
import Digests
import Trials

/// What the journal has told of a trial, as the checker understands it.
struct TrialModel {
  var attempts = 0
  var chargedFailures = 0
  /// How often what was handed in could not be the trial's.
  var refusals = 0
  var hasFailed = false
  var isStopped = false
  var leases: [ModelLease] = []
  var result: ReceivedResult?
  /// Recorded checkpoints: the one of the most steps, then the latest other one.
  var checkpoints: [TrialCheckpoint] = []
  /// Of a complete trial, while it is kept.
  var last: TrialCheckpoint?
  /// Attempts up to this one are void.
  var voidThrough = 0
  /// Reports of an unfinished trial, and where pieces of its trajectory end.
  var reports: [Int: MilestoneReport] = [:]
  /// Places of which a liar has reported.
  var liedReports: Set<Int> = []
  /// Who was leased which attempt.
  var lessees: [Int: ModelLease] = [:]
  /// Whether the result is a liar's.
  var isLie = false
  /// Checkpoints of attempts up to this one are not believed.
  var distrustedThrough = 0
  /// How often checkpoints were of no use.
  var distrustCount = 0
  /// Checkpoints that were refused.
  var refused: Set<Digest> = []
  /// The checkpoints that each attempt was given, and those that one of them could not go on from.
  var given: [Int: Set<Digest>] = [:]
  var unusable: Set<Digest> = []
  /// How attempts diverged, and whether they began at step 0.
  var divergences: [(divergence: Divergence, isFromStart: Bool)] = []
  var ends: Set<TrajectoryPrefix> = [.empty]
  /// Whether it goes on from a shorter run.
  var isExtended = false

  /// Forgets what its attempts have left.
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

  /// Whether an attempt from step 0 diverged as another one did.
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
  /// Whether there were checkpoints to go on from.
  var wasGivenCheckpoints = false
}
