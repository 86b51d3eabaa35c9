import Trials

extension WorkerCore {
  /// Changes the current sweep.
  ///
  /// Running trials of the previous sweep end; its results wait for its coordinator.
  mutating func enter(_ newSweep: String, at now: Duration) -> [WorkerEffect] {
    guard sweep != newSweep else { return [] }
    let effects = sweep == nil ? [] : stopEverything()
    sweep = newSweep
    for work in works.values {
      guard let result = work.phase.result else { continue }
      works[work.id]?.phase = .uploadDelayed(result, until: now)
    }
    pieces.end()
    return effects
  }

  mutating func announce(at now: Duration) -> WorkerEffect {
    link = .searching(nextAnnouncement: now + Self.announcementInterval)
    return .announce(claims)
  }

  /// Sends an extra heartbeat, if there is a coordinator.
  mutating func beat(at now: Duration) -> [WorkerEffect] {
    guard case .joined(let interval, let lostAfter, _) = link else { return [] }
    link = .joined(interval: interval, lostAfter: lostAfter, nextBeat: now + interval)
    return [.beat(claims)]
  }

  /// Resumes all open deliveries on a new connection.
  mutating func resumeDeliveries(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = [.notify("joined the coordinator")]
    for work in currentWorks {
      switch work.phase {
      case .uploadDelayed(let result, let until) where until <= now:
        effects += beginUpload(work.id, result)
      case .reporting(let result, _):
        works[work.id]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
        effects.append(.sendResult(trial: work.id.trial, attempt: work.attempt, result))
      case .handingBack: effects += resumeHandingBack(work)
      default: continue
      }
    }
    return effects + repeatUnanswered(at: now, anew: true)
  }

  mutating func tick(at now: Duration) -> [WorkerEffect] {
    noteTick(at: now)
    if let ending = endOfStopping(at: now) { return ending }
    let wasJoined = link.isJoined
    let effects = tendLink(at: now)
    // Without a coordinator, a stopping worker has nothing left to wait for.
    if wasJoined, !link.isJoined, let ending = endOfStopping(at: now) { return effects + ending }
    return effects + endStalledTrials(at: now) + retryDeliveries(at: now)
      + shipNextCheckpoint(at: now) + repeatUnanswered(at: now)
  }

  /// Sends heartbeats, or looks for a coordinator while there is a reason to.
  private mutating func tendLink(at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    switch link {
    case .searching(let nextAnnouncement):
      if now >= nextAnnouncement { effects.append(announce(at: now)) }
      if now >= nextReminder {
        nextReminder = now + Self.reminders.later
        effects.append(.notify("no answer from the coordinator; still trying"))
      }
    case .joined(_, let lostAfter, let nextBeat):
      if now < lastHeard + lostAfter { return now >= nextBeat ? beat(at: now) : [] }
      effects.append(.notify("the coordinator is silent; training continues"))
      nextReminder = now + Self.reminders.later
      effects.append(announce(at: now))
    }
    if currentWorks.isEmpty, now >= lastHeard + patience {
      effects.append(.notify("no coordinator for \(patience); nothing to do"))
      effects += end(.abandoned)
    }
    return effects
  }

  /// Time in which this worker was suspended does not count against its trials.
  private mutating func noteTick(at now: Duration) {
    let gap = now - lastTick
    lastTick = now
    guard gap > Self.sleepMinimum else { return }
    for id in works.keys { works[id]?.stall.forgive(gap, at: now) }
  }

  private mutating func retryDeliveries(at now: Duration) -> [WorkerEffect] {
    guard link.isJoined else { return [] }
    var effects: [WorkerEffect] = []
    for work in currentWorks {
      switch work.phase {
      case .uploadDelayed(let result, let until) where now >= until:
        effects += beginUpload(work.id, result)
      case .reporting(let result, let nextReport) where now >= nextReport:
        works[work.id]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
        effects.append(.sendResult(trial: work.id.trial, attempt: work.attempt, result))
      default: continue
      }
    }
    return effects
  }
}
