import Digests
import Trials

/// An action for the shell.
///
/// **Ordering contract.** The shell carries out a list of effects in its order, and every
/// ``append(_:)`` of a list must be durable before any later ``send(_:to:)`` of that list, or of
/// a list returned afterwards, leaves the process. It may commit the records of several lists
/// together (group commit) as long as that holds. If an append fails, nothing later may be sent.
package enum Effect: Hashable, Sendable {
  /// Append a record to the journal.
  case append(JournalRecord)
  /// Send a directive. Delivery is not guaranteed.
  case send(Directive, to: ConnectionID)
  /// Delete the blob of a checkpoint that no trial needs. As with a send, the earlier appends must
  /// be durable first. A missing blob is not an error.
  case discardCheckpoint(Digest)
  /// Prepare a longer run from the files of a complete shorter one, then report
  /// ``Event/extensionPrepared(trial:checkpoint:trajectory:)`` or
  /// ``Event/extensionFailed(trial:reason:)``.
  indirect case prepareExtension(trial: TrialID, of: TrialID, checkpoint: TrialCheckpoint)
  /// Show a notice to people.
  case notify(Notice)
  /// Leave the loop: every trial has ended, or the sweep has stopped.
  case finish(SweepEnding)
}
