import Digests
import Trials

/// A fact that reached the coordinator, in the past tense.
///
/// Every event is legal in every state: messages are lost, repeated, late or from strangers, and
/// none of that is an error of the coordinator.
package enum Event: Hashable, Sendable {
  /// A worker said who it is, what it has and what it works on.
  case workerAnnounced(WorkerAnnouncement, on: ConnectionID)
  /// A worker is alive and works on, or holds the results of, these trials; the obstacle keeps it
  /// from taking further ones.
  case heartbeatReceived(claims: [Claim], obstacle: String? = nil, on: ConnectionID)
  /// A trial reached a milestone.
  indirect case reportReached(
    trial: TrialID, attempt: Int, index: Int, report: MilestoneReport, on: ConnectionID)
  /// A trial's trajectory grew by some bytes after a prefix, up to a digest.
  indirect case trajectoryGrown(
    trial: TrialID, attempt: Int, start: TrajectoryPrefix, payload: [UInt8], end: Digest,
    on: ConnectionID)
  /// A worker finished a trial; all artifacts of the result, and the checkpoint at its end, are
  /// already durable and verified.
  indirect case trialFinished(
    trial: TrialID, attempt: Int, result: ReceivedResult, checkpoint: TrialCheckpoint? = nil,
    on: ConnectionID)
  /// A worker sent as a trial's result what is none: it cannot be read, or lacks parts.
  case resultRejected(trial: TrialID, attempt: Int, reason: String, on: ConnectionID)
  /// A worker's attempt ended without a result; a checkpoint that it left is stored already.
  case attemptFailed(
    trial: TrialID, attempt: Int, failure: TrialFailure, checkpoint: TrialCheckpoint?,
    on: ConnectionID)
  /// A worker said goodbye; it keeps nothing.
  case workerLeft(reason: String, on: ConnectionID)
  /// A message could not be delivered because the connection is gone.
  case connectionLost(ConnectionID)
  /// A person asked the sweep to stop; it can be resumed.
  case stopRequested(reason: String)
  /// A person wants no results of these trials; those that have one keep it.
  case cancelRequested(trials: [TrialID], reason: String)
  /// A person wants these failed or stopped trials tried again, with failed parents they need.
  case retryRequested(trials: [TrialID])
  /// A person does not believe the results of these trials.
  case discardRequested(trials: [TrialID], reason: String)
  /// The beginning of a longer run was made of a shorter one's files.
  indirect case extensionPrepared(
    trial: TrialID, checkpoint: TrialCheckpoint, trajectory: TrajectoryPiece)
  /// It could not be made: the trial begins anew.
  case extensionFailed(trial: TrialID, reason: String)
  /// A person wants a host to hand back what it runs and to get nothing more.
  case drainRequested(host: String, reason: String)
  /// A person allows a drained host to work again.
  case undrainRequested(host: String)
  /// A person wants a paused stage to go on.
  case resumeRequested(stage: String)
  /// Time passed. Deadlines expire with this event only, so that a shell which takes in what has
  /// arrived before it ticks never blames a worker for its own delay.
  case clockTicked
}

extension Event {
  /// The connection that a message came on; nil for what is none, and for a connection's end, which
  /// is always taken in.
  var connection: ConnectionID? {
    switch self {
    case .workerAnnounced(_, let connection), .heartbeatReceived(_, _, let connection),
      .reportReached(_, _, _, _, let connection), .trajectoryGrown(_, _, _, _, _, let connection),
      .trialFinished(_, _, _, _, let connection), .resultRejected(_, _, _, let connection),
      .attemptFailed(_, _, _, _, let connection):
      connection
    case .workerLeft, .connectionLost, .stopRequested, .cancelRequested, .retryRequested,
      .discardRequested, .extensionPrepared, .extensionFailed, .drainRequested, .undrainRequested,
      .resumeRequested, .clockTicked:
      nil
    }
  }
}

extension TrialFailure {
  /// The failure as a worker may report it: what only a coordinator decides it cannot say.
  var asWorkersTell: TrialFailure {
    switch cause {
    case .resultRefused, .badCheckpoint, .parentFailed:
      TrialFailure(cause: .exitCode, message: "(\(cause.rawValue)) \(message)")
    case .notANumber: self
    default: TrialFailure(cause: cause, message: message)
    }
  }
}
