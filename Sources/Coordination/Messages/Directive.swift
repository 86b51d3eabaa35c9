import Trials

/// A message to a worker.
package enum Directive: Hashable, Sendable {
  /// The announcement arrived. Send heartbeats at this interval; the coordinator sends its own more
  /// often.
  case welcome(heartbeatInterval: Duration, lostAfter: Duration)
  /// The coordinator is alive. Sent to every connection at the probe interval. A failed send also
  /// tells the shell that a connection is gone.
  case heartbeat
  /// Run this attempt. Repeated until the worker claims it. A worker that runs an earlier attempt
  /// at the same trial, or holds its result, continues under the new number.
  indirect case assign(Assignment)
  /// An attempt may have so many threads from now on. Sent only to workers with divisible cores, and
  /// repeated until a claim shows the number.
  case assignThreads(trial: TrialID, attempt: Int, threads: Int)
  /// A report is durable.
  case reportTaken(trial: TrialID, attempt: Int, index: Int)
  /// A trial's trajectory is durable up to so many bytes.
  case pieceTaken(trial: TrialID, attempt: Int, byteCount: Int)
  /// The coordinator does not know the prefix that a piece follows. Send all pieces of the run
  /// again.
  case trajectoryUnknown(trial: TrialID, attempt: Int, byteCount: Int)
  /// The trial's result is durable, or nobody wants the trial any more. Delete every attempt at it,
  /// with its files and result. A worker drops finished work for no other reason.
  case acknowledge(trial: TrialID, attempt: Int)
  /// Stop and forget this attempt and earlier ones; also the answer to a reported failure. The
  /// worker keeps and reports a finished result until it is acknowledged.
  case abandon(trial: TrialID, attempt: Int, reason: String)
  /// The coordinator does not know the sender: announce again.
  case announceAgain
  /// The coordinator does not take the sender, with the reason and what to do about it.
  case refuse(reason: String, remedy: String)
  /// Hand every trial back with its latest checkpoint, then say goodbye.
  case drain(reason: String)
  /// The sweep has ended; exit.
  case shutDown(reason: String)
}
