import Coordination
import Digests
import Trials

/// Checks senders of recorded messages, and the blame of checkpoints.
extension JournalChecker {
  /// How many recorded results a lying worker delivered.
  package var liedResultCount: Int { models.values.count { $0.result != nil && $0.isLie } }

  /// Whether a worker lies.
  package func isLiar(_ worker: WorkerID) -> Bool { liars.contains(worker) }

  /// Notes that an attempt resumed from a flawed checkpoint and diverged.
  package mutating func noteTainted(_ trial: TrialID, attempt: Int) {
    tainted[trial, default: []].insert(attempt)
  }

  /// The connection of the worker that leased an attempt, if it is connected.
  func connection(ofLessee attempt: Int, of trial: TrialID) -> ConnectionID? {
    models[trial]?.lessees[attempt].flatMap { heard[$0.worker]?.connection }
  }

  /// Notes which of its assigned checkpoints a worker with the lease has refused.
  mutating func noteRefusals(_ claims: [AttemptClaim], by worker: WorkerID) {
    for claim in claims where isLeased(claim.trial, claim.attempt, to: worker) {
      for refused in claim.refusedCheckpoints
      where models[claim.trial]?.given[claim.attempt]?.contains(refused.digest) == true
        && models[claim.trial]?.checkpoints.contains(where: { $0.digest == refused.digest })
          == true
      {
        models[claim.trial]?.unusable.insert(refused.digest)
      }
    }
  }

  /// Whether a worker was leased an attempt, or is on the host of the one that was.
  private func speaks(_ worker: WorkerID, _ attempt: Int, _ trial: TrialID) -> Bool {
    guard let lessee = models[trial]?.lessees[attempt]?.worker else { return false }
    return lessee == worker || hosts[lessee] == hosts[worker]
  }

  /// Checks that a record's sender held the attempt, and that its name and attempt are recorded.
  mutating func checkSender(
    _ worker: WorkerID?, _ attempt: Int, _ trial: TrialID, _ what: String
  ) {
    guard let speaker else { return check(false, "\(trial): \(what) that nobody has sent") }
    check(worker ?? speaker == speaker, "\(trial): \(what) of \(speaker) under another name")
    check(
      speaks(speaker, attempt, trial),
      "\(trial): \(what) of attempt \(attempt) by \(speaker), which was not leased it")
  }

  func sender(of event: Event) -> WorkerID? {
    switch event {
    case .workerAnnounced(let announcement, _): announcement.worker
    case .heartbeatReceived(_, _, let connection), .reportReached(_, _, _, _, let connection),
      .trajectoryGrown(_, _, _, _, _, let connection),
      .trialFinished(_, _, _, _, let connection), .resultRejected(_, _, _, let connection),
      .attemptFailed(_, _, _, _, let connection):
      speakers[connection]
    default: nil
    }
  }

  mutating func noteDistrust(
    _ checkpoint: Digest, _ attempt: Int, _ worker: WorkerID?, _ trial: TrialID
  ) {
    guard let model = models[trial] else { return }
    check(
      model.checkpoints.contains { $0.digest == checkpoint },
      "\(trial): a checkpoint distrusted that is not there")
    check(
      worker == model.lessees[attempt]?.worker,
      "\(trial): a bad checkpoint of attempt \(attempt) laid at another's door")
    models[trial]?.checkpoints.removeAll { $0.digest == checkpoint }
    models[trial]?.refused.insert(checkpoint)
    if attempt < model.attempts {
      models[trial]?.distrustedThrough = max(model.distrustedThrough, attempt)
    }
    models[trial]?.distrustCount += 1
  }

  /// Checks how an attempt ended; a trial is not charged for a bad checkpoint.
  mutating func noteEnd(_ failure: TrialFailure, _ attempt: Int, _ trial: TrialID) {
    guard let model = models[trial] else { return }
    let wasGiven = model.lessees[attempt]?.wasGivenCheckpoints == true
    if failure.cause.chargesTrial {
      models[trial]?.chargedFailures += 1
      check(
        tainted[trial]?.contains(attempt) != true,
        "\(trial): attempt \(attempt) charged for a flawed checkpoint")
      check(
        failure.cause != .notANumber || !wasGiven,
        "\(trial): attempt \(attempt) charged for what it had diverged from")
    }
    if failure.cause == .resultRefused {
      models[trial]?.refusals += 1
      check(
        model.lessees[attempt].map { liars.contains($0.worker) } ?? false,
        "\(trial): false numbers laid at an honest worker's door, attempt \(attempt)")
    }
    check(
      failure.cause != .badCheckpoint || wasGiven,
      "\(trial): a checkpoint blamed that attempt \(attempt) did not have")
    if let divergence = failure.divergence {
      models[trial]?.divergences.append((divergence, !wasGiven))
    }
    guard failure.cause == .notANumber || failure.cause == .badCheckpoint else { return }
    models[trial]?.checkpoints = []
    models[trial]?.distrustedThrough = max(model.distrustedThrough, attempt)
    if failure.cause == .badCheckpoint { models[trial]?.distrustCount += 1 }
  }
}
