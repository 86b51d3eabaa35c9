import Trials

/// Who is there: announcements, silence, departures.
extension Coordinator {
  /// The worker behind a connection, now heard of; a stranger is asked to announce itself.
  mutating func sender(on connection: ConnectionID, at now: Instant) -> Int? {
    guard let worker = roster.number(of: connection) else {
      effects.append(.send(.announceAgain, to: connection))
      return nil
    }
    roster[worker].lastHeard = now
    // Otherwise the worker's deadline may stay as it is: too early is corrected when it comes.
    if roster[worker].isSuspect {
      roster[worker].isSuspect = false
      roster.refresh(worker)
    }
    return worker
  }

  /// Takes in a worker, new or known, on the connection on which it announced itself.
  mutating func welcome(
    _ announcement: WorkerAnnouncement, on connection: ConnectionID, at now: Instant
  ) {
    guard
      quotas.allowsName(
        announcement.worker, on: connection, others: others(underKeyOf: announcement.worker),
        at: now)
    else { return }
    guard !isPresent(announcement.worker, besides: connection, at: now) else { return }
    if let other = roster.number(of: connection), roster[other].id != announcement.worker {
      roster.setLink(.away(until: now + settings.reconnectGrace), of: other)
    }
    let link = Worker.Link.connected(connection, probeAt: now + settings.probeInterval)
    let known = roster.number(of: announcement.worker)
    let worker = known ?? roster.add(announcement.worker, link: link, at: now)
    // A worker that resume(at:) found in the journal has announced itself to nobody yet.
    let isFirst = known == nil || roster[worker].slots == 0
    let isNewConnection = known == nil || roster[worker].connection != connection
    if isNewConnection, known != nil { roster.setLink(link, of: worker) }
    introduce(worker, as: announcement)
    roster[worker].lastHeard = now
    roster[worker].isSuspect = false
    roster[worker].isDeaf = false
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

  /// Whether a worker of this name speaks on another connection, so that whoever announces it is
  /// somebody else.
  ///
  /// A worker that came back on a new connection is not answered either as long as its old one is not
  /// known to be broken; the probe finds that out, and it announces itself again after 2 s.
  private mutating func isPresent(
    _ id: WorkerID, besides connection: ConnectionID, at now: Instant
  ) -> Bool {
    guard let worker = roster.number(of: id), let other = roster[worker].connection,
      other != connection, now - roster[worker].lastHeard < settings.heartbeatInterval * 2
    else { return false }
    send(.heartbeat, to: worker)
    return true
  }

  /// How many other workers are present under a worker's key; 0 where connections are plain.
  private func others(underKeyOf worker: WorkerID) -> Int {
    guard let key = worker.key, roster.number(of: worker) == nil else { return 0 }
    return roster.count(ofKey: key)
  }

  /// Takes over what a worker says of itself and its host.
  private mutating func introduce(_ worker: Int, as announcement: WorkerAnnouncement) {
    roster.setHost(announcement.host, of: worker)
    roster[worker].slots = max(announcement.slots, 0)
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
    roster[worker].speed = speeds.speed(of: announcement.host)
    isPlanDue = true
  }

  /// Notes what keeps a worker from taking further trials, or that nothing does any more.
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

  /// Lets a worker go that said goodbye.
  mutating func dismiss(_ worker: Int, reason: String, at now: Instant) {
    let id = roster[worker].id
    effects.append(.notify(.workerLeft(id, reason: reason)))
    remove(
      worker, failure: TrialFailure(cause: .stopped, message: "worker \(id) left: \(reason)"),
      at: now)
  }

  /// Does what has become due: probes, suspicions, losses, delayed trials.
  mutating func expireDeadlines(at now: Instant) {
    while let worker = roster.due(at: now) { inspect(worker, at: now) }
    while let due = delayed.firstKey, due <= now, let trial = delayed.first {
      delayed[trial] = nil
      ready[trial] = priority(of: trial)
    }
    tellOfRefusals(at: now)
  }

  /// Tells people, once a minute, of what was beyond the quotas.
  private mutating func tellOfRefusals(at now: Instant) {
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
