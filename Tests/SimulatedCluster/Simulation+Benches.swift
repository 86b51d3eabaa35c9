import Coordination
import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// The shells of the workers with real decisions: events and effects.
extension Simulation {
  /// Passes an event to a worker and carries out its effects.
  mutating func inform(_ worker: Int, _ event: WorkerEvent) {
    guard let instant = benches[worker]?.instant(now) else { return }
    outcome.workerEventCount += 1
    benches[worker]?.checker.note(event, at: instant)
    let heard = workerSabotage == nil ? event : workerSabotage?.alter(event)
    var effects = heard.flatMap { benches[worker]?.core.handle($0, at: instant) } ?? []
    if let workerSabotage, let bench = benches[worker] {
      effects = workerSabotage.alter(effects, after: event, on: bench)
    }
    trace?("\(now) worker \(worker): \(event) → \(effects)")
    let dropped = benches[worker]?.checker.note(effects, at: instant) ?? []
    for id in dropped {
      guard let folder = benches[worker]?.folders[id], let result = folder.result else { continue }
      checker.noteForgotten(id.trial, result, begunUnder: folder.attempt)
    }
    reportViolations(of: worker)
    for effect in effects {
      carryOut(effect, by: worker)
      if benches[worker] == nil { return }
    }
    planTick(of: worker)
  }

  private mutating func reportViolations(of worker: Int) {
    guard let violations = benches[worker]?.checker.violations, !violations.isEmpty else { return }
    for violation in violations { checker.report("worker \(worker): \(violation)") }
  }

  /// Ticks a worker's clock, after all received messages.
  mutating func tick(_ worker: Int, number: Int) {
    guard benches[worker]?.tickNumber == number, let instant = benches[worker]?.instant(now) else {
      return
    }
    benches[worker]?.plannedTick = nil
    benches[worker]?.checker.noteTime(instant)
    inform(worker, .clockTicked)
    if let deadline = benches[worker]?.core.nextDeadline, deadline <= instant {
      checker.report("worker \(worker): its clock is due again as soon as it has ticked")
    }
  }

  private mutating func planTick(of worker: Int) {
    guard let deadline = benches[worker]?.core.nextDeadline,
      let startedAt = benches[worker]?.startedAt
    else { return }
    let (seconds, attoseconds) = deadline.components
    let milliseconds =
      Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    var time = max(now + 1, startedAt + milliseconds)
    if let plannedTick = benches[worker]?.plannedTick, plannedTick <= time { return }
    if workerSabotage == .ticksLate { time += 10_000 }
    if !isHealed, random.happens(options.latenessPerTick) {
      time += random.draw(1...20_000)
      benches[worker]?.checker.noteSleep(until: .milliseconds(time - startedAt))
    }
    benches[worker]?.plannedTick = time
    benches[worker]?.tickNumber += 1
    timeline.plan(.workerTick(worker, number: benches[worker]?.tickNumber ?? 0), at: time)
  }

  /// Measures the free space of a worker's disk.
  mutating func measure(_ worker: Int) {
    guard let station = stations[worker] else { return }
    timeline.plan(.measure(worker), at: now + 10_000)
    inform(worker, .diskMeasured(freeByteCount: station.fullUntil > now ? 1 << 20 : 1 << 40))
  }

  private mutating func carryOut(_ effect: WorkerEffect, by worker: Int) {
    guard let station = stations[worker] else { return }
    switch effect {
    case .announce(let claims):
      say(
        .workerAnnounced(
          WorkerAnnouncement(
            worker: station.id, host: station.host,
            slots: benches[worker]?.core.slots ?? station.slots,
            divisibleCores: benches[worker]?.core.cores.divisibleCount ?? 0,
            instructionSet: station.instructionSet, claims: claims,
            obstacle: benches[worker]?.core.obstacle), on: station.connection), by: worker)
    case .beat(let claims):
      say(
        .heartbeatReceived(
          claims: claims, obstacle: benches[worker]?.core.obstacle,
          on: station.connection), by: worker)
    case .sendReport(let trial, let attempt, let index, let report):
      say(
        .reportReached(
          trial: trial, attempt: attempt, index: index, report: report, on: station.connection),
        by: worker)
    case .readPiece(let id, let start, let fileBegins, let byteCount):
      read(id, after: start, fileBegins: fileBegins, byteCount: byteCount, by: worker)
    case .sendPiece(let trial, let attempt, let piece):
      say(
        .trajectoryGrown(
          trial: trial, attempt: attempt, start: piece.start, payload: piece.payload,
          end: piece.end.prefix.digest, on: station.connection), by: worker)
    case .sendResult(let trial, let attempt, let spooled):
      guard let result = benches[worker]?.result(spooled, of: trial) else { return }
      say(
        .trialFinished(
          trial: trial, attempt: attempt, result: result,
          checkpoint: spooled.lastCheckpoint?.checkpoint, on: station.connection), by: worker)
    case .sendFailure(let trial, let attempt, let failure, let left):
      say(
        .attemptFailed(
          trial: trial, attempt: attempt, failure: failure, checkpoint: left.checkpoint,
          on: station.connection), by: worker)
    case .sayGoodbye(let reason):
      say(.workerLeft(reason: reason, on: station.connection), by: worker)
    case .fetchImages(let id, let assignment): begin(.images(id, assignment), by: worker)
    case .fetchCheckpoint(let id, let assignment):
      benches[worker]?.folders[id] = SimulatedBench.Folder(
        attempt: assignment.attempt, configuration: assignment.configuration,
        wantsLast: assignment.wantsLastCheckpoint)
      begin(.checkpointDown(id, assignment), by: worker)
    case .startTrial(let id, _, let checkpoint, let threads):
      startProcess(of: id, from: checkpoint, threads: threads, by: worker)
    case .restartTrial(let id, _, let checkpoint, let threads):
      outcome.threadChangeCount += 1
      if checkpoint?.rows != nil {
        // Its own checkpoint.
        let newest = benches[worker]?.folders[id]?.checkpoints.first
        benches[worker]?.folders[id]?.fetched = newest
      }
      startProcess(of: id, from: checkpoint, threads: threads, by: worker)
    case .drainTrial(let id):
      timeline.plan(.drained(worker, id), at: now + random.draw(1...3_000))
    case .killTrial(let id): kill(id, by: worker)
    case .uploadCheckpoint(let id, let written):
      begin(.checkpointUp(id, written, since: now), by: worker)
    case .handBack(let id, let written): begin(.handBack(id, written), by: worker)
    case .upload(let id, let result): begin(.artifacts(id, result), by: worker)
    case .discard(let id): discard(id, by: worker)
    case .notify: break
    case .exit(let ending):
      var spool = benches[worker]?.spool(keepsCheckpoints: ending != .sweepEnded)
      spool?.host = station.host
      outcome.workerEndings[ending, default: 0] += 1
      end(worker)
      timeline.plan(.workerStarts(spool ?? Spool()), at: now + random.draw(1_000...30_000))
    }
  }

  /// Reads a piece of a trajectory's file.
  private mutating func read(
    _ id: WorkID, after start: TrajectoryStart, fileBegins: Int, byteCount: Int, by worker: Int
  ) {
    guard let folder = benches[worker]?.folders[id],
      isHealed || !random.happens(options.failurePerTransfer / 16)
    else { return plan(.pieceNotRead(id, reason: "simulated"), of: worker) }
    if folder.base.prefix.byteCount != fileBegins {
      checker.report("worker \(worker): \(id.trial): its trajectory does not begin there")
    }
    let bytes = folder.rows.dropFirst(start.prefix.byteCount - fileBegins).prefix(byteCount)
    if bytes.count != byteCount {
      checker.report("worker \(worker): \(id.trial): reads what its trajectory does not have")
    }
    plan(.pieceRead(id, TrajectoryPiece(after: start, payload: Array(bytes))), of: worker)
  }

  private mutating func discard(_ id: WorkID, by worker: Int) {
    guard benches[worker]?.folders.removeValue(forKey: id) != nil else { return }
    benches[worker]?.leftCheckpoints[id.trial] = nil
  }
}

extension SimulatedBench {
  /// The result that a folder holds.
  fileprivate func result(_ spooled: SpooledResult, of trial: TrialID) -> ReceivedResult? {
    folders.first { id, folder in
      id.trial == trial && folder.result.map { SpooledResult($0).bytes } == spooled.bytes
    }?.value.result
  }
}
