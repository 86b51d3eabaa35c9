import Trials

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
  /// A report is durable.
  case reportTaken(trial: TrialID, attempt: Int, index: Int)
  /// A trial's trajectory is durable up to so many bytes.
  case pieceTaken(trial: TrialID, attempt: Int, byteCount: Int)
  /// What a piece begins at is unknown here: send all pieces again, from where the run began.
  case trajectoryUnknown(trial: TrialID, attempt: Int, byteCount: Int)
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
