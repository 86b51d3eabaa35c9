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
  /// Tell people.
  case notify(Notice)
  /// Every trial has ended, or the stop is done: leave the loop.
  case finish(SweepEnding)
}

/// What a worker is told.
package enum Directive: Hashable, Sendable {
  /// The announcement was heard; beat at this interval. The coordinator beats more often.
  case welcome(heartbeatInterval: Duration, lostAfter: Duration)
  /// The coordinator lives. Sent to every connection at the probe interval, not as an answer:
  /// sending is also how the shell finds out that a connection is gone.
  case heartbeat
  /// Run this attempt. Sent again until the worker claims it; a worker that runs an earlier
  /// attempt at the same trial, or holds its result, goes on under the new number.
  indirect case assign(Assignment)
  /// The trial's result is durable, or the trial is not wanted: forget every attempt at it, with
  /// files and result. Nothing else makes a worker drop finished work.
  case acknowledge(trial: TrialID, attempt: Int)
  /// Stop this attempt, and earlier ones, and forget them; also the answer to the report of a
  /// failure. A finished result is kept and reported until it is acknowledged.
  case abandon(trial: TrialID, attempt: Int, reason: String)
  /// The sender is unknown here: announce again.
  case announceAgain
  /// Hand every trial back with its latest checkpoint, then say goodbye.
  case drain(reason: String)
  /// There is no more work here and will be none.
  case shutDown(reason: String)
}

/// One attempt at a trial.
package struct Assignment: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number, from 1; it fences control messages of earlier attempts.
  package var attempt: Int
  /// The configuration with every parameter resolved.
  package var configuration: TrialConfiguration
  /// What to go on from, newest first, at most two; when none can be used, from the start.
  package var checkpoints: [TrialCheckpoint]
  /// How long the trial may take no step before the attempt counts as stuck
  /// (``FailureCause/timeout``).
  package var stallTimeout: Duration

  /// An attempt at a trial.
  package init(
    trial: TrialID, attempt: Int, configuration: TrialConfiguration,
    checkpoints: [TrialCheckpoint] = [], stallTimeout: Duration = .seconds(600)
  ) {
    self.trial = trial
    self.attempt = attempt
    self.configuration = configuration
    self.checkpoints = checkpoints
    self.stallTimeout = stallTimeout
  }
}

/// How a coordinator's run ended.
package enum SweepEnding: Hashable, Sendable {
  /// Every trial has its result.
  case complete
  /// Every trial has ended, some without a result.
  case completeWithFailures(count: Int)
  /// More trials failed than the sweep's limit allows: none was begun any more.
  case failureLimitReached(failed: Int, remaining: Int)
  /// Only trials of paused stages are left, and nobody resumed them.
  case paused(stages: [String], remaining: Int)
  /// A person stopped it; the same command resumes it.
  case stopped(remaining: Int)
}
