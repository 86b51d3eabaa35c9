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
  /// The largest number of an attempt.
  static let attemptMaximum = Int(Int32.max)
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
  /// The latest attempt that is void, for its result was discarded or made with one that was; 0 for
  /// none.
  ///
  /// Nothing of it, or of an earlier one, is taken.
  package var voidThrough: Int32 = 0
  /// Whether a result or attempts of it were discarded; no other sweep's result is taken then.
  package var isDoubted = false
  /// The first bits of the result's content digest.
  var contentBits: UInt64 = 0
  private var attemptNumber: Int32 = 0

  init(unfinishedParents: Int) { self.unfinishedParents = Int32(unfinishedParents) }

  /// Whether no attempt at it has been made that counts.
  var isUntried: Bool { attemptNumber == voidThrough }

  /// Whether it failed for another reason than a parent's failure.
  var hasFailedByItself: Bool { status == .failed && failure?.cause != .parentFailed }
}
