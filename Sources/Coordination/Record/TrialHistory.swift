import Digests
import Trials

/// What the attempts at an unfinished trial have shown, as far as it decides whom to believe.
struct TrialHistory: Hashable, Sendable {
  /// An attempt that was leased.
  struct Attempt: Hashable, Sendable {
    /// Who was leased it; nobody else speaks for it.
    var worker: WorkerID
    /// Whether there were checkpoints to go on from.
    var wasGivenCheckpoints: Bool
  }

  /// A loss that stopped being a number.
  struct Ending: Hashable, Sendable {
    var host: String
    var divergence: Divergence
  }

  /// The attempts by number.
  var attempts: [Int: Attempt] = [:]
  /// How attempts diverged, as far as they told.
  var endings: [Ending] = []
  /// The workers that handed in what cannot be the trial's, once for each time.
  var refusedWorkers: [WorkerID] = []
  /// Whether an attempt that began at step 0 diverged as another one did elsewhere.
  var hasDivergedForGood = false
  /// Checkpoints of attempts up to this one are not believed.
  var distrustedThrough = 0
  /// How often checkpoints were found to be of no use.
  var distrustCount = 0
  /// The checkpoints that a worker has refused.
  var refused: Set<Digest> = []

  /// After so many disappointments the trial goes on from no checkpoint any more, so that nobody
  /// who hands in bad ones keeps it from its end.
  static let distrustLimit = 3

  /// Whether an attempt's checkpoint may be gone on from.
  func trusts(_ checkpoint: TrialCheckpoint, of attempt: Int) -> Bool {
    attempt > distrustedThrough && distrustCount < Self.distrustLimit
      && !refused.contains(checkpoint.digest)
  }

  /// Takes in how an attempt diverged.
  mutating func note(_ ending: Ending, of attempt: Int, isOnlyHost: Bool) {
    let isFromStart = attempts[attempt].map { !$0.wasGivenCheckpoints } ?? false
    let isRepeated = endings.contains {
      $0.divergence == ending.divergence && ($0.host != ending.host || isOnlyHost)
    }
    if isFromStart, isRepeated { hasDivergedForGood = true }
    if !endings.contains(ending), endings.count < Self.endingCountMaximum { endings.append(ending) }
  }

  /// Takes in that what a worker had handed in cannot be the trial's.
  mutating func noteRefusal(of worker: WorkerID) {
    if refusedWorkers.count < Self.refusalCountMaximum { refusedWorkers.append(worker) }
  }

  /// More of them tell nothing new.
  private static let refusalCountMaximum = 256
  /// More of them tell nothing new.
  private static let endingCountMaximum = 16
}
