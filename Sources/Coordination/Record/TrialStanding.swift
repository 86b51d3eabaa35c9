import Trials

/// The state of one trial according to the journal.
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
  /// Failures that count against the trial.
  package var chargedFailures: Int32 = 0
  /// Attempts that ended for external reasons.
  package var unchargedFailures: Int32 = 0
  /// How many parents have no result yet.
  package var unfinishedParents: Int32
  /// The worker of the result if there is one, else of the latest open lease, else of the lease
  /// that ended last.
  package var worker: WorkerID?
  /// Why the latest attempt, or the trial, failed; nil once it is complete.
  package var failure: TrialFailure?
  /// The latest void attempt: its result was discarded, or computed from a discarded one; 0 for
  /// none.
  ///
  /// Nothing from this or an earlier attempt is accepted.
  package var voidThrough: Int32 = 0
  /// Whether a result or attempts of it were discarded; results of other sweeps are then not
  /// reused.
  package var isDoubted = false
  /// The first bits of the result's content digest.
  var contentBits: UInt64 = 0
  private var attemptNumber: Int32 = 0

  init(unfinishedParents: Int) { self.unfinishedParents = Int32(unfinishedParents) }

  /// Whether no attempt has been made since the last void one.
  var isUntried: Bool { attemptNumber == voidThrough }

  /// Whether it failed for a reason other than a parent's failure.
  var hasFailedByItself: Bool { status == .failed && failure?.cause != .parentFailed }
}
