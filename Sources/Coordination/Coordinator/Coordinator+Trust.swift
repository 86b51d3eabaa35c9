import Digests
import Trials

/// Whom the coordinator believes, and what.
///
/// What a worker hands in counts only for attempts that were leased to it, and is recorded under its
/// name. What another one goes on from, and what it says of that, decides whether a checkpoint is
/// given out again.
extension Coordinator {
  /// Whether a worker may speak for an attempt: the one that was leased it, whether or not the lease
  /// is still open, and later processes on its host, which find what it has finished.
  ///
  /// Where connections are encrypted, the host is known by its key, else by the name that it
  /// announced.
  func speaks(_ worker: Int, for attempt: Int, of trial: Int) -> Bool {
    guard let lessee = ledger.history(of: trial).attempts[attempt]?.worker else { return false }
    let sender = roster[worker]
    if lessee == sender.id { return true }
    if lessee.key != nil || sender.id.key != nil { return lessee.key == sender.id.key }
    return !sender.host.isEmpty && ledger.hosts[lessee] == sender.host
  }

  /// Answers a worker that hands in what belongs to an attempt of somebody else.
  ///
  /// A result that it holds it keeps: when the trial waits again, its claim gets it a lease.
  mutating func turnAway(_ id: TrialID, attempt: Int, from worker: Int, at now: Instant) {
    guard mayAnswer(worker, at: now) else { return }
    send(
      .abandon(trial: id, attempt: attempt, reason: "the attempt is not this worker's"),
      to: worker)
  }

  /// Whether what is none of a worker's business may be answered once more.
  mutating func mayAnswer(_ worker: Int, at now: Instant) -> Bool {
    guard let connection = roster[worker].connection else { return false }
    return quotas.allowsAnswer(on: connection, at: now)
  }

  /// Gives a checkpoint out no more that a worker with a lease could not go on from.
  mutating func distrust(_ refused: RefusedCheckpoint, of trial: Int, by worker: Int) {
    guard holders.contains(worker, of: trial),
      let entry = ledger.checkpointEntries(of: trial).first(where: {
        $0.checkpoint.digest == refused.digest
      })
    else { return }
    let id = graph.trials[trial].id
    let uploader = ledger.history(of: trial).attempts[entry.attempt]?.worker
    record(
      .checkpointDistrusted(
        trial: id, attempt: entry.attempt, worker: uploader, checkpoint: refused.digest,
        reason: "worker \(roster[worker].id) refused it: \(refused.reason)"))
    effects.append(
      .notify(
        .checkpointDistrusted(
          id, by: roster[worker].id, attempt: entry.attempt, uploader: uploader,
          host: uploader.flatMap { ledger.hosts[$0] }, reason: refused.reason)))
  }

  /// What an attempt died of, if it had a checkpoint to go on from.
  ///
  /// A loss that stops being a number then, or a result that is none, may be the checkpoint's doing:
  /// the trial begins anew, and is not charged.
  func blame(
    checkpointsOf trial: Int, for failure: TrialFailure, of attempt: Int
  ) -> TrialFailure {
    let history = ledger.history(of: trial)
    guard failure.cause == .notANumber || failure.cause == .resultRefused,
      history.attempts[attempt]?.wasGivenCheckpoints == true
    else { return failure }
    let origins = ledger.checkpointEntries(of: trial).filter { $0.attempt < attempt }.map { entry in
      let worker = history.attempts[entry.attempt]?.worker
      let host = worker.flatMap { ledger.hosts[$0] }
      return "that of step \(entry.checkpoint.step) by "
        + (worker.map { "worker \($0)\(host.map { " on host \($0)" } ?? "")" } ?? "a shorter run")
    }
    let checkpoints =
      origins.isEmpty ? "one that is superseded" : origins.joined(separator: " or ")
    return TrialFailure(
      cause: .badCheckpoint,
      message: "it had a checkpoint to go on from, \(checkpoints), and \(failure.message)",
      divergence: failure.divergence)
  }
}
