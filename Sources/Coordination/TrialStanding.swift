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
