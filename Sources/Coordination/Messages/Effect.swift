import Digests
import Trials

/// What the shell must do, in the imperative.
///
/// **Ordering contract.** The shell carries out a list of effects in its order, and every
/// ``append(_:)`` of a list must be durable before any later ``send(_:to:)`` of that list, or of
/// a list returned afterwards, leaves the process. It may commit the records of several lists
/// together (group commit) as long as that holds. If an append fails, nothing later may be sent.
package enum Effect: Hashable, Sendable {
  /// Append a record to the journal.
  case append(JournalRecord)
  /// Send a directive; delivery is not guaranteed and never assumed.
  case send(Directive, to: ConnectionID)
  /// Delete a checkpoint's blob: no trial will ever go on from it. Like a send, only after the
  /// appends before it are durable; deleting what is not there is no error.
  case discardCheckpoint(Digest)
  /// Make the beginning of a longer run of the files of a complete shorter one, then report
  /// ``Event/extensionPrepared(trial:checkpoint:trajectory:)`` or
  /// ``Event/extensionFailed(trial:reason:)``.
  indirect case prepareExtension(trial: TrialID, of: TrialID, checkpoint: TrialCheckpoint)
  /// Tell people.
  case notify(Notice)
  /// Every trial has ended, or the stop is done: leave the loop.
  case finish(SweepEnding)
}
