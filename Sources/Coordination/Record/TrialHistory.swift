import Digests
import Trials

/// What past attempts at an unfinished trial say about which workers and checkpoints to trust.
struct TrialHistory: Hashable, Sendable {
  /// An attempt that was leased.
  struct Attempt: Hashable, Sendable {
    /// The worker that leased it; messages from other workers about it are ignored.
    var worker: WorkerID
    /// Whether its assignment included checkpoints to resume from.
    var wasGivenCheckpoints: Bool
  }

  /// An attempt whose loss became NaN or infinite.
  struct Ending: Hashable, Sendable {
    var host: String
    var divergence: Divergence
  }

  /// The attempts by number.
  var attempts: [Int: Attempt] = [:]
  /// How attempts diverged, if they reported it.
  var endings: [Ending] = []
  /// The workers whose results were refused; one entry per refusal.
  var refusedWorkers: [WorkerID] = []
  /// Whether two attempts from step 0 diverged identically on different hosts.
  var hasDivergedForGood = false
  /// Checkpoints of attempts up to this one are not used.
  var distrustedThrough = 0
  /// How many checkpoints could not be used.
  var distrustCount = 0
  /// The checkpoints that a worker has refused.
  var refused: Set<Digest> = []

  /// After so many unusable checkpoints the trial resumes from none; otherwise a worker that
  /// uploads bad checkpoints could keep it from ever finishing.
  static let distrustLimit = 3

  /// Whether an attempt's checkpoint may be resumed from.
  func trusts(_ checkpoint: TrialCheckpoint, of attempt: Int) -> Bool {
    attempt > distrustedThrough && distrustCount < Self.distrustLimit
      && !refused.contains(checkpoint.digest)
  }

  /// Notes how an attempt diverged.
  mutating func note(_ ending: Ending, of attempt: Int, isOnlyHost: Bool) {
    let isFromStart = attempts[attempt].map { !$0.wasGivenCheckpoints } ?? false
    let isRepeated = endings.contains {
      $0.divergence == ending.divergence && ($0.host != ending.host || isOnlyHost)
    }
    if isFromStart, isRepeated { hasDivergedForGood = true }
    if !endings.contains(ending), endings.count < Self.endingCountMaximum { endings.append(ending) }
  }

  /// Notes that a worker's result was refused.
  mutating func noteRefusal(of worker: WorkerID) {
    if refusedWorkers.count < Self.refusalCountMaximum { refusedWorkers.append(worker) }
  }

  /// More of them tell nothing new.
  private static let refusalCountMaximum = 256
  /// More of them tell nothing new.
  private static let endingCountMaximum = 16
}
