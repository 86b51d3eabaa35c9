import Trials

/// A finished result that an earlier process of this worker's host left on disk.
package struct HeldResult: Hashable, Sendable {
  /// The run, numbered anew.
  package var work: WorkID
  /// The attempt that finished it.
  package var attempt: Int
  /// The result.
  package var result: TrialResult

  /// A held result of the given parts.
  package init(work: WorkID, attempt: Int, result: TrialResult) {
    self.work = work
    self.attempt = attempt
    self.result = result
  }
}
