import Digests
import Trials

/// Decides which messages and checkpoints of workers to trust.
///
/// Reports of a worker count only for attempts that were leased to it, and are recorded under its
/// name. A checkpoint that another worker could not resume from is not given out again.
extension Coordinator {
  /// Whether a worker's messages about an attempt are accepted: from the worker that leased it,
  /// even if the lease has ended, and from later processes on its host, which may find its finished
  /// result.
  ///
  /// With encrypted connections, the host is identified by its key, otherwise by its announced
  /// name, which proves nothing. There a later process speaks only once the worker that had the
  /// lease is gone.
  func speaks(_ worker: Int, for attempt: Int, of trial: Int) -> Bool {
    guard let lessee = ledger.history(of: trial).attempts[attempt]?.worker else { return false }
    let sender = roster[worker]
    if lessee == sender.id { return true }
    if lessee.key != nil || sender.id.key != nil { return lessee.key == sender.id.key }
    let isPresent = roster.number(of: lessee).map { roster[$0].connection != nil } ?? false
    return !isPresent && !sender.host.isEmpty && ledger.hosts[lessee] == sender.host
  }

  /// Answers a worker that reports about an attempt of another worker.
  ///
  /// The worker keeps a result that it holds. When the trial waits again, its claim gets it a
  /// lease.
  mutating func turnAway(_ id: TrialID, attempt: Int, from worker: Int, at now: Instant) {
    guard mayAnswer(worker, at: now) else { return }
    send(
      .abandon(trial: id, attempt: attempt, reason: "the attempt was not leased to this worker"),
      to: worker)
  }

  /// Whether the quota allows another answer to a message about an attempt of another worker.
  mutating func mayAnswer(_ worker: Int, at now: Instant) -> Bool {
    guard let connection = roster[worker].connection else { return false }
    return quotas.allowsAnswer(on: connection, at: now)
  }

  /// Withdraws a checkpoint that a worker with a lease could not resume from.
  mutating func distrust(
    _ refused: RefusedCheckpoint, of trial: Int, by worker: Int, at now: Instant
  ) {
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
    if let uploader { charge(uploader, withCheckpointOf: trial, refusedBy: worker, at: now) }
  }

  /// The failure to record for an attempt, given that its checkpoint may be to blame.
  ///
  /// If an attempt resumed from a checkpoint, a diverged loss or an invalid result may be due to
  /// it. The trial then restarts from step 0 and the failure is not counted against it.
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
      return "the checkpoint of step \(entry.checkpoint.step) by "
        + (worker.map { "worker \($0)\(host.map { " on host \($0)" } ?? "")" } ?? "a shorter run")
    }
    let checkpoints =
      origins.isEmpty ? "a checkpoint that has been replaced" : origins.joined(separator: " or ")
    return TrialFailure(
      cause: .badCheckpoint,
      message: "it could resume from \(checkpoints); \(failure.message)",
      divergence: failure.divergence)
  }
}
