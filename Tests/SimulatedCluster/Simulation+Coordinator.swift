import Coordination
import Digests
import Randomness
import Rehearsal
import Supervision
import Trials

/// The coordinator's shell: its clock, its journal, its crashes.
extension Simulation {
  mutating func startCoordinator() {
    guard coordinator == nil else { return }
    var fresh = Self.coordinator(of: sweep, options: options, settings: settings)
    do {
      for record in outcome.journal { try fresh.replay(record) }
    } catch {
      return checker.report("\(error)")
    }
    if fresh.ledger != shadow.ledger { checker.report("replay differs from the first reading") }
    coordinatorStartedAt = now
    plannedTick = nil
    outcome.ending = nil
    checker.noteCoordinatorStarted()
    epoch += 1
    clockOffset = 0
    // Delete what the previous coordinator had no time to delete.
    let kept = fresh.checkpointDigests
    blobs = blobs.filter { kept.contains($0.key) }
    loseArtifacts()
    let effects = fresh.resume(at: instant)
    coordinator = fresh
    carryOut(effects)
  }

  private var instant: Instant {
    Instant(sinceStart: .milliseconds(now - coordinatorStartedAt + clockOffset))
  }

  mutating func deliver(_ event: Event) {
    guard coordinator != nil else { return }
    if now < stalledUntil {
      timeline.plan(.toCoordinator(event), at: stalledUntil)
      return
    }
    guard hasArtifacts(event) else { return }
    let event = event.keepingCheckpoints { blobs[$0.digest] != nil }
    checker.noteHeard(event)
    guard let event = sabotage == nil ? event : sabotage?.alter(event, in: checker) else {
      return planTick()
    }
    outcome.eventCount += 1
    let instant = self.instant
    let effects = coordinator?.handle(event, at: instant) ?? []
    trace?("\(now) coordinator: \(event) → \(effects)")
    if case .workerAnnounced(let announcement, let connection) = event,
      effects.contains(where: { $0.isWelcome(on: connection) })
    {
      checker.noteWelcomed(announcement, on: connection)
    }
    carryOut(effects)
  }

  /// Loses artifacts that no record names, as may happen in a restart.
  private mutating func loseArtifacts() {
    guard !isHealed, options.lossPerArtifact > 0 else { return }
    let recorded = checker.results
    for trial in artifacts.sorted() where recorded[trial] == nil {
      if random.happens(options.lossPerArtifact) { artifacts.remove(trial) }
    }
  }

  /// Whether all artifacts of a result are stored; requests missing ones.
  private mutating func hasArtifacts(_ event: Event) -> Bool {
    guard case .trialFinished(let trial, _, let result, _, let connection) = event else {
      return true
    }
    var lacking: [Digest] = []
    if !checker.hasTrajectory(of: result.result, trial) {
      lacking = result.result.artifacts.filter { $0.kind == .trajectory }.map(\.digest)
    }
    guard !lacking.isEmpty || !artifacts.contains(trial) else { return true }
    if let worker = connections[connection], (stations[worker]?.incomingBlockedUntil ?? 0) <= now {
      transmit(.fact(worker, .artifactsWanted(trial: trial, digests: lacking)))
    }
    return false
  }

  private mutating func carryOut(_ effects: [Effect]) {
    let effects = sabotage?.alter(effects, in: checker) ?? effects
    var hasAppended = false
    for effect in effects {
      switch effect {
      case .append(let record):
        if crashes(beforeRecord: outcome.journal.count) { return crash() }
        append(record)
        hasAppended = true
        if crashes(beforeRecord: -1) { return crash() }
      case .send(let directive, let connection): send(directive, to: connection)
      case .discardCheckpoint(let digest): blobs[digest] = nil
      case .prepareExtension(let trial, let shorter, let checkpoint):
        prepareExtension(of: trial, from: shorter, checkpoint)
      case .notify(let notice):
        if case .resultRefused(_, _, let worker, let reason) = notice, !checker.isLiar(worker) {
          checker.report("an honest worker was refused: \(reason)")
        }
        let kind = String(describing: notice).prefix { $0 != "(" }
        outcome.noticeCounts[String(kind), default: 0] += 1
      case .finish(let ending):
        outcome.ending = ending
        if !ending.isLast {
          checkState(hasAppended: true)
          coordinator = nil
          loseAllConnections()
          timeline.plan(.coordinatorStarts, at: now + random.draw(1_000...20_000))
          return
        }
      }
    }
    checkState(hasAppended: hasAppended)
    planTick()
  }

  /// Prepares a longer run, as the shell does from the shorter one's files.
  private mutating func prepareExtension(
    of trial: TrialID, from shorter: TrialID, _ checkpoint: TrialCheckpoint
  ) {
    let event: Event
    if let configuration = checker.configuration(of: trial), blobs[checkpoint.digest] != nil,
      isHealed || random.happens(0.9)
    {
      let text = SimulatedSweep.trajectory(of: configuration, to: checkpoint.step)
      let piece = TrajectoryPiece(after: .beginning, payload: text)
      var checkpoint = checkpoint
      checkpoint.trajectory = piece.end.prefix
      event = .extensionPrepared(trial: trial, checkpoint: checkpoint, trajectory: piece)
    } else {
      event = .extensionFailed(trial: trial, reason: "simulated")
    }
    timeline.plan(.extensionAnswered(epoch: epoch, event), at: now + random.draw(1...3_000))
  }

  private mutating func crashes(beforeRecord count: Int) -> Bool {
    if let crashAtRecord, crashAtRecord == count {
      self.crashAtRecord = nil
      return true
    }
    return !isHealed && random.happens(options.coordinatorCrashPerRecord / 2)
  }

  private mutating func append(_ record: JournalRecord) {
    outcome.journal.append(record)
    switch record {
    case .checkpointRecorded(_, _, let checkpoint), .resultRecorded(_, _, _, _, let checkpoint?):
      recordedDigests.insert(checkpoint.digest)
    default: break
    }
    checker.noteAppended(record)
    do {
      try shadow.replay(record)
    } catch {
      checker.report("\(error)")
    }
  }

  private mutating func checkState(hasAppended: Bool) {
    guard hasAppended || outcome.eventCount % 16 == 0, let coordinator else { return }
    if coordinator.ledger != shadow.ledger {
      checker.report("the live state differs from the replayed journal")
    }
    if coordinator.counts != checker.counts {
      checker.report("counts differ: \(coordinator.counts), model \(checker.counts)")
    }
    let leaseCount = coordinator.runningTrials.count
    if leaseCount != checker.leaseCount {
      checker.report("\(leaseCount) leases, \(checker.leaseCount) in the journal")
    }
    let kept = checker.checkpointDigests
    if coordinator.checkpointDigests != kept {
      checker.report("keeps other checkpoints than the journal tells of")
    }
    // The coordinator does not know blobs that no worker has claimed yet.
    let leaked = recordedDigests.filter { blobs[$0] != nil && !kept.contains($0) }
    if !leaked.isEmpty { checker.report("\(leaked.count) superseded checkpoints not deleted") }
    if !kept.allSatisfy({ blobs[$0] != nil }) { checker.report("a needed checkpoint was deleted") }
  }

  private mutating func crash() {
    outcome.crashCount += 1
    coordinator = nil
    loseAllConnections()
    timeline.plan(.coordinatorStarts, at: now + random.draw(100...15_000))
  }

  private mutating func loseAllConnections() {
    connections = [:]
    for worker in stations.indices {
      guard let connection = stations[worker]?.connection else { continue }
      timeline.plan(.reconnect(worker, connection), at: now + random.draw(100...3_000))
    }
  }

  private mutating func send(_ directive: Directive, to connection: ConnectionID) {
    let worker = connections[connection]
    checker.noteSent(directive, to: worker.flatMap { stations[$0]?.id }, blobs: blobs)
    guard let worker else {
      if isHealed || random.happens(0.8) {
        timeline.plan(.toCoordinator(.connectionLost(connection)), at: now + 1)
      }
      return
    }
    guard (stations[worker]?.incomingBlockedUntil ?? 0) <= now else { return }
    transmit(.toWorker(worker, connection, directive))
  }

  private mutating func planTick() {
    guard let deadline = coordinator?.nextDeadline else { return }
    let (seconds, attoseconds) = deadline.sinceStart.components
    let milliseconds =
      Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    let time = max(now + 1, coordinatorStartedAt + milliseconds - clockOffset)
    if let plannedTick, plannedTick <= time { return }
    plannedTick = time
    tickNumber += 1
    timeline.plan(.tick(epoch: epoch, number: tickNumber), at: time)
  }
}

extension Event {
  /// The event without checkpoints that are missing from the blob store, as the shell passes it on.
  fileprivate func keepingCheckpoints(where isStored: (TrialCheckpoint) -> Bool) -> Event {
    func checked(_ claims: [AttemptClaim]) -> [AttemptClaim] {
      claims.map { claim in
        var claim = claim
        claim.checkpoint = claim.checkpoint.flatMap { isStored($0) ? $0 : nil }
        return claim
      }
    }
    switch self {
    case .workerAnnounced(var announcement, let connection):
      announcement.claims = checked(announcement.claims)
      return .workerAnnounced(announcement, on: connection)
    case .heartbeatReceived(let claims, let obstacle, let connection):
      return .heartbeatReceived(claims: checked(claims), obstacle: obstacle, on: connection)
    case .attemptFailed(let trial, let attempt, let failure, let checkpoint, let connection):
      return .attemptFailed(
        trial: trial, attempt: attempt, failure: failure,
        checkpoint: checkpoint.flatMap { isStored($0) ? $0 : nil }, on: connection)
    case .trialFinished(let trial, let attempt, let result, let checkpoint, let connection):
      return .trialFinished(
        trial: trial, attempt: attempt, result: result,
        checkpoint: checkpoint.flatMap { isStored($0) ? $0 : nil }, on: connection)
    default: return self
    }
  }
}

extension Effect {
  /// Whether the coordinator welcomes the worker of a connection.
  fileprivate func isWelcome(on connection: ConnectionID) -> Bool {
    if case .send(.welcome, to: connection) = self { true } else { false }
  }
}
