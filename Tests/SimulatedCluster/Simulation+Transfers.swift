import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// Transfers between a real worker and the coordinator's blob store.
extension Simulation {
  /// Starts a transfer, which takes time and may fail.
  mutating func begin(_ transfer: SimulatedBench.Transfer, by worker: Int) {
    let duration = isHealed ? 1 : random.draw(options.transferMilliseconds)
    timeline.plan(.transferred(worker, transfer), at: now + duration)
  }

  /// Whether a transfer succeeded.
  private mutating func carries(_ worker: Int) -> Bool {
    guard let station = stations[worker] else { return false }
    return isConnected(worker) && station.outgoingBlockedUntil <= now
      && station.incomingBlockedUntil <= now
      && (isHealed || !random.happens(options.failurePerTransfer))
  }

  /// Ends a transfer and tells the worker the outcome.
  mutating func end(_ transfer: SimulatedBench.Transfer, by worker: Int) {
    switch transfer {
    case .images(let id, _): inform(worker, endOfImages(id, worker))
    case .checkpointDown(let id, let assignment): inform(worker, endOfFetch(id, assignment, worker))
    case .checkpointUp(let id, let written, let since):
      let isThere = benches[worker]?.folders[id] != nil
      if isThere, store(written, of: id, by: worker) {
        inform(
          worker,
          .checkpointStored(id, written.checkpoint, took: .milliseconds(now - since)))
      } else {
        inform(worker, .checkpointNotStored(id, reason: "simulated"))
      }
    case .handBack(let id, let written):
      let isStored = written.map { store($0, of: id, by: worker) } ?? false
      inform(worker, .handedBack(id, HandBack(checkpoint: isStored ? written?.checkpoint : nil)))
    case .artifacts(let id, let result):
      let last = result.lastCheckpoint
      if carries(worker), last.map({ store($0, of: id, by: worker) }) ?? true {
        artifacts.insert(id.trial)
        inform(worker, .artifactsUploaded(id))
      } else {
        inform(worker, .uploadFailed(id, reason: "simulated"))
      }
    }
  }

  private mutating func endOfImages(_ id: WorkID, _ worker: Int) -> WorkerEvent {
    guard let station = stations[worker] else { return .imagesReady(id) }
    if imageHosts.contains(station.host) { return .imagesReady(id) }
    if station.fullUntil > now { return .preparationFailed(id, Self.failure(.diskFull)) }
    guard carries(worker) else { return .preparationFailed(id, Self.failure(.lost)) }
    imageHosts.insert(station.host)
    return .imagesReady(id)
  }

  /// The newest usable checkpoint: newer ones of dead processes first, then the coordinator's.
  private mutating func endOfFetch(
    _ id: WorkID, _ assignment: Assignment, _ worker: Int
  ) -> WorkerEvent {
    var refusals: [String] = []
    var refused: [RefusedCheckpoint] = []
    func fetched(_ local: LocalCheckpoint, _ stored: TrialCheckpoint?) -> WorkerEvent {
      benches[worker]?.folders[id]?.fetched = local
      return .checkpointReady(
        id,
        FetchedCheckpoint(
          file: "checkpoint-\(local.step)", stored: stored, trajectory: local.base,
          rows: local.rows.isEmpty ? nil : "trajectory-\(local.step)"), refusals: refusals,
        refused: refused)
    }
    if (stations[worker]?.fullUntil ?? 0) > now {
      return .preparationFailed(id, Self.failure(.diskFull))
    }
    let newest = assignment.checkpoints.first?.checkpoint.step ?? 0
    for local in benches[worker]?.leftCheckpoints[id.trial] ?? []
    where local.step > newest
      && local.attempt > max(assignment.voidThrough, assignment.distrustedThrough)
    {
      if local.flaw != .visible, isHealed || !random.happens(options.tornPerCheckpoint) {
        return fetched(local, nil)
      }
      refusals.append("step \(local.step): torn or flawed")
    }
    for point in assignment.checkpoints {
      guard carries(worker) else { return .preparationFailed(id, Self.failure(.lost)) }
      let step = point.checkpoint.step
      let content = SimulatedSweep.content(of: assignment.configuration)
      let blob = blobs[point.checkpoint.digest]
      if blob?.isWhole(of: content, step: step) == false {
        refused.append(RefusedCheckpoint(digest: point.checkpoint.digest, reason: "flawed"))
        refusals.append("step \(step): flawed")
        continue
      }
      let isThere = blob != nil
      if isThere, isHealed || !random.happens(options.tornPerCheckpoint) {
        let local = LocalCheckpoint(
          attempt: assignment.attempt, step: step, base: point.trajectory, rows: [],
          flaw: blob?.flaw)
        return fetched(local, point.checkpoint)
      }
      refusals.append("step \(step): \(isThere ? "torn" : "missing")")
    }
    return .checkpointReady(id, nil, refusals: refusals, refused: refused)
  }

  private mutating func store(_ written: WrittenCheckpoint, of id: WorkID, by worker: Int) -> Bool {
    guard carries(worker) else { return false }
    guard let configuration = benches[worker]?.folders[id]?.configuration else { return false }
    recordedDigests.remove(written.checkpoint.digest)
    blobs[written.checkpoint.digest] = SimulatedBlob(
      content: SimulatedSweep.content(of: configuration), step: written.checkpoint.step,
      flaw: flaws[written.checkpoint.digest])
    return true
  }
}
