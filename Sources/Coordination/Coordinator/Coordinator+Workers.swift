import Trials

/// Workers that join, fall silent and leave.
extension Coordinator {
  /// The worker of a connection, marked as alive; an unknown sender is asked to announce itself.
  mutating func sender(on connection: ConnectionID, at now: Instant) -> Int? {
    guard let worker = roster.number(of: connection) else {
      effects.append(.send(.announceAgain, to: connection))
      return nil
    }
    roster[worker].lastHeard = now
    // Otherwise the deadline may stay too early; it is recomputed when it expires.
    if roster[worker].isSuspect {
      roster[worker].isSuspect = false
      roster.refresh(worker)
    }
    return worker
  }

  /// Registers a new or known worker on the connection on which it announced itself.
  mutating func welcome(
    _ announcement: WorkerAnnouncement, on connection: ConnectionID, at now: Instant
  ) {
    guard
      quotas.allowsName(
        announcement.worker, on: connection, others: others(underKeyOf: announcement.worker),
        at: now),
      mayUseName(announcement, on: connection, at: now)
    else { return }
    if let other = roster.number(of: connection), roster[other].id != announcement.worker {
      roster.setLink(.away(until: now + settings.reconnectGrace), of: other)
    }
    let link = Worker.Link.connected(connection, probeAt: now + settings.probeInterval)
    let known = roster.number(of: announcement.worker)
    let worker = known ?? roster.add(announcement.worker, link: link, at: now)
    // A worker that resume(at:) found in the journal has not announced itself yet.
    let isFirst = known == nil || roster[worker].slots == 0
    let isNewConnection = known == nil || roster[worker].connection != connection
    if isNewConnection, known != nil { roster.setLink(link, of: worker) }
    introduce(worker, as: announcement)
    roster[worker].lastHeard = now
    roster[worker].isSuspect = false
    roster[worker].isUnresponsive = false
    roster[worker].rival = nil
    roster.refresh(worker)
    if isFirst {
      effects.append(
        .notify(
          .workerJoined(
            announcement.worker, host: shownName(of: announcement.host),
            slots: announcement.slots)))
    }
    note(announcement.obstacle, of: worker)
    send(
      .welcome(heartbeatInterval: settings.heartbeatInterval, lostAfter: settings.lostAfter),
      to: worker)
    examine(announcement.claims, of: worker, isNewConnection: isNewConnection, at: now)
    remindOfDrain(worker)
  }

  /// How many other workers are present under a worker's key; 0 for unencrypted connections.
  private func others(underKeyOf worker: WorkerID) -> Int {
    guard let key = worker.key, roster.number(of: worker) == nil else { return 0 }
    return roster.count(ofKey: key)
  }

  /// Stores what a worker announced about itself and its host.
  private mutating func introduce(_ worker: Int, as announcement: WorkerAnnouncement) {
    roster.setHost(announcement.host, of: worker)
    roster[worker].slots = max(announcement.slots, 0)
    roster[worker].divisibleCores = max(announcement.divisibleCores, 0)
    roster[worker].processor = announcement.processor
    roster[worker].instructionSet = announcement.instructionSet
    roster[worker].coreCount = announcement.coreCount
    roster[worker].memoryByteCount = announcement.memoryByteCount
    roster[worker].productVersion = announcement.productVersion
    roster[worker].isDrained = drainReason(of: worker) != nil
    speeds.introduce(
      announcement.host, processor: announcement.processor,
      instructionSet: announcement.instructionSet, cores: announcement.coreCount,
      slots: announcement.slots)
    noteDivisionDue(worker)
    roster[worker].speed = speeds.speed(of: announcement.host)
    isPlanDue = true
  }

  /// Updates a worker's obstacle.
  mutating func note(_ obstacle: String?, of worker: Int) {
    let before = roster[worker].obstacle
    guard obstacle != before else { return }
    roster[worker].obstacle = obstacle
    roster.refresh(worker)
    isPlanDue = true
    if let obstacle, before == nil {
      effects.append(.notify(.workerHindered(roster[worker].id, obstacle: obstacle)))
    } else if obstacle == nil {
      effects.append(.notify(.workerUnhindered(roster[worker].id)))
    }
  }

  /// Removes a worker that said goodbye.
  mutating func dismiss(_ worker: Int, reason: String, at now: Instant) {
    let id = roster[worker].id
    effects.append(.notify(.workerLeft(id, reason: reason)))
    remove(
      worker, failure: TrialFailure(cause: .stopped, message: "worker \(id) left: \(reason)"),
      at: now)
  }

  /// Handles expired deadlines: probes, suspicions, losses, delayed trials.
  mutating func expireDeadlines(at now: Instant) {
    while let worker = roster.due(at: now) { inspect(worker, at: now) }
    while let due = delayed.firstKey, due <= now, let trial = delayed.first {
      delayed[trial] = nil
      ready[trial] = priority(of: trial)
    }
    reportDroppedMessages(at: now)
  }

  /// Reports dropped messages once a minute.
  private mutating func reportDroppedMessages(at now: Instant) {
    for (connection, refused) in quotas.report(at: now) {
      let counts = Dictionary(uniqueKeysWithValues: refused.map { ($0.key.rawValue, $0.value) })
      effects.append(.notify(.quotaExceeded(worker(on: connection), refused: counts)))
    }
    guard quotas.count > 2 * roster.count + 1_024 else { return }
    quotas.forgetIdle(at: now) { roster.number(of: $0) != nil }
  }

  private mutating func inspect(_ worker: Int, at now: Instant) {
    let silence = now - roster[worker].lastHeard
    guard case .connected(let connection, let probeAt) = roster[worker].link else {
      lose(worker, silentFor: silence, because: "lost its connection", at: now)
      return
    }
    if silence >= settings.lostAfter {
      lose(worker, silentFor: silence, because: "fell silent", at: now)
      return
    }
    if silence >= settings.suspectAfter, !roster[worker].isSuspect {
      roster[worker].isSuspect = true
      effects.append(.notify(.workerSuspected(roster[worker].id, silentFor: silence)))
    }
    if probeAt <= now {
      send(.heartbeat, to: worker)
      roster[worker].link = .connected(connection, probeAt: now + settings.probeInterval)
    }
    roster.refresh(worker)
  }

  private mutating func lose(
    _ worker: Int, silentFor silence: Duration, because reason: String, at now: Instant
  ) {
    let id = roster[worker].id
    effects.append(.notify(.workerLost(id, silentFor: silence)))
    remove(
      worker, failure: TrialFailure(cause: .lost, message: "worker \(id) \(reason)"), at: now)
  }

  private mutating func remove(_ worker: Int, failure: TrialFailure, at now: Instant) {
    let trials = roster[worker].leases.map(\.trial)
    for trial in trials { endLease(of: trial, on: worker, failure: failure) }
    roster.remove(worker)
    settle(trials, at: now, delaying: true)
  }
}
