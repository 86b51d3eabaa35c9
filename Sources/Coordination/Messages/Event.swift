import Digests
import Trials

/// Something that has happened and that the coordinator must handle.
///
/// Every event is legal in every state, since messages may be lost, repeated, delayed or sent by
/// strangers.
package enum Event: Hashable, Sendable {
  /// A worker announced its identity, its hardware and its claims.
  case workerAnnounced(WorkerAnnouncement, on: ConnectionID)
  /// A worker is alive and claims these attempts. It takes no further trials while it reports an
  /// obstacle.
  case heartbeatReceived(claims: [AttemptClaim], obstacle: String? = nil, on: ConnectionID)
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
  /// A worker sent a result that cannot be read or is incomplete.
  case resultRejected(trial: TrialID, attempt: Int, reason: String, on: ConnectionID)
  /// A worker's attempt ended without a result. Its checkpoint, if any, is already stored.
  case attemptFailed(
    trial: TrialID, attempt: Int, failure: TrialFailure, checkpoint: TrialCheckpoint?,
    on: ConnectionID)
  /// A worker left and holds no more work.
  case workerLeft(reason: String, on: ConnectionID)
  /// A message could not be delivered because the connection is gone.
  case connectionLost(ConnectionID)
  /// A person asked the sweep to stop; it can be resumed.
  case stopRequested(reason: String)
  /// A person cancelled these trials. Trials that have a result keep it.
  case cancelRequested(trials: [TrialID], reason: String)
  /// A person retried these failed or stopped trials, with the failed parents that they need.
  case retryRequested(trials: [TrialID])
  /// A person discarded the results of these trials.
  case discardRequested(trials: [TrialID], reason: String)
  /// A longer run was prepared from a shorter one's files.
  indirect case extensionPrepared(
    trial: TrialID, checkpoint: TrialCheckpoint, trajectory: TrajectoryPiece)
  /// A longer run could not be prepared; the trial starts from step 0.
  case extensionFailed(trial: TrialID, reason: String)
  /// A person drained a host: it hands back what it runs and gets no more work.
  case drainRequested(host: String, reason: String)
  /// A person allows a drained host to work again.
  case undrainRequested(host: String)
  /// A person resumed a paused stage.
  case resumeRequested(stage: String)
  /// Time passed. Deadlines expire only with this event. A shell that delivers all received
  /// messages before the tick never times a worker out because of its own delay.
  case clockTicked
}

extension Event {
  /// How many messages a message counts as that has so many claims, some with a checkpoint, which
  /// has to be looked up.
  package static func weight(ofClaims count: Int, checkpoints: Int) -> Int {
    1 + count / 16 + checkpoints
  }

  /// How many messages the event counts as.
  var weight: Int {
    let claims: [AttemptClaim] =
      switch self {
      case .workerAnnounced(let announcement, _): announcement.claims
      case .heartbeatReceived(let claims, _, _): claims
      default: []
      }
    return Self.weight(
      ofClaims: claims.count, checkpoints: claims.count { $0.checkpoint != nil })
  }

  /// The connection whose quota the event counts against.
  ///
  /// Nil for a goodbye and a lost connection, which are always handled, and for events that are not
  /// messages.
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
  /// The failure as a worker may report it; causes that only the coordinator assigns become
  /// ``FailureCause/exitCode``.
  var asReportedByWorker: TrialFailure {
    switch cause {
    case .resultRefused, .badCheckpoint, .parentFailed:
      TrialFailure(cause: .exitCode, message: "(\(cause.rawValue)) \(message)")
    case .notANumber: self
    default: TrialFailure(cause: cause, message: message)
    }
  }
}
