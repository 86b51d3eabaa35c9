import Trials

/// A fact that reached the coordinator, in the past tense.
///
/// Every event is legal in every state: messages are lost, repeated, late or from strangers, and
/// none of that is an error of the coordinator.
package enum Event: Hashable, Sendable {
  /// A worker said who it is, what it has and what it works on.
  case workerAnnounced(WorkerAnnouncement, on: ConnectionID)
  /// A worker is alive and works on, or holds the results of, these trials.
  case heartbeatReceived(claims: [Claim], on: ConnectionID)
  /// A worker finished a trial; all artifacts of the result are already durable and verified.
  case trialFinished(trial: TrialID, attempt: Int, result: TrialResult, on: ConnectionID)
  /// A worker sent as a trial's result what is none: it cannot be read, or lacks parts.
  case resultRejected(trial: TrialID, attempt: Int, reason: String, on: ConnectionID)
  /// A worker's attempt ended without a result.
  case attemptFailed(trial: TrialID, attempt: Int, failure: TrialFailure, on: ConnectionID)
  /// A worker said goodbye; it keeps nothing.
  case workerLeft(reason: String, on: ConnectionID)
  /// A message could not be delivered because the connection is gone.
  case connectionLost(ConnectionID)
  /// A person asked the sweep to stop; it can be resumed.
  case stopRequested(reason: String)
  /// Time passed. Deadlines expire with this event only, so that a shell which takes in what has
  /// arrived before it ticks never blames a worker for its own delay.
  case clockTicked
}

/// What a worker says about itself on every connection.
package struct WorkerAnnouncement: Hashable, Sendable {
  /// The worker.
  package var worker: WorkerID
  /// Its host's name.
  package var host: String
  /// How many trials it runs at once.
  package var slots: Int
  /// What it works on or holds finished.
  package var claims: [Claim]

  /// An announcement of the given parts.
  package init(worker: WorkerID, host: String, slots: Int, claims: [Claim]) {
    self.worker = worker
    self.host = host
    self.slots = slots
    self.claims = claims
  }
}

/// A worker's word that it works on an attempt, or holds its finished result.
package struct Claim: Hashable, Sendable {
  /// The trial.
  package var trial: TrialID
  /// The attempt's number.
  package var attempt: Int
  /// How far it is; nil before the first step.
  package var progress: TrialProgress?

  /// A claim of an attempt.
  package init(trial: TrialID, attempt: Int, progress: TrialProgress? = nil) {
    self.trial = trial
    self.attempt = attempt
    self.progress = progress
  }
}
