import Trials

extension WorkerCore {
  /// How long a stopping worker waits for an acknowledgement or an absent coordinator while nothing
  /// else is in progress.
  package static let stopGrace = Duration.seconds(5)

  mutating func endSweep(_ reason: String, at now: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = [.notify("no more work here: \(reason)")]
    effects += stopEverything()
    if exitsWhenIdle { return effects + end(.sweepEnded, goodbye: reason) }
    effects.append(.sayGoodbye(reason: reason))
    link = .searching(nextAnnouncement: now + Self.announcementInterval)
    lastHeard = now
    return effects
  }

  /// Ends every running trial at once; spooled results stay on disk.
  mutating func stopEverything() -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    for work in works.values.sorted(by: { $0.id < $1.id }) where work.phase.result == nil {
      if work.phase.hasProcess { effects.append(.killTrial(work.id)) }
      effects.append(.discard(work.id))
      works[work.id] = nil
    }
    return effects
  }

  /// Starts to stop: running trials write checkpoints, which are handed back.
  ///
  /// The coordinator is told first, so that it assigns nothing more.
  ///
  /// A second request ends the worker at once.
  mutating func stop(_ reason: String, at now: Duration) -> [WorkerEffect] {
    if let stopping { return leave(stopping.reason) }
    stopping = Stopping(
      reason: reason, since: now, deadline: now + drainGrace, handsBack: true)
    var effects: [WorkerEffect] = [.notify("stopping: \(reason)")] + beat(at: now)
    for work in currentWorks {
      switch work.phase {
      case .preparing:
        works[work.id] = nil
        effects += [
          .discard(work.id),
          .sendFailure(
            trial: work.id.trial, attempt: work.attempt,
            TrialFailure(cause: .stopped, message: reason), HandBack()),
        ]
      case .training, .changingThreads: effects += drain(work)
      default: continue
      }
    }
    return effects + exitIfDone()
  }

  /// Starts to stop without a coordinator to hand trials back to; their checkpoints stay on disk
  /// for the next worker of this host.
  mutating func leaveAlone(at now: Duration) -> [WorkerEffect] {
    let reason = "the coordinator's process ended"
    if stopping != nil { return end(.stopped) }
    stopping = Stopping(
      reason: reason, since: now, deadline: now + Self.stopGrace, handsBack: false)
    var effects: [WorkerEffect] = [.notify("stopping: \(reason)")]
    for work in currentWorks {
      switch work.phase {
      case .training, .changingThreads: effects += drain(work)
      case .preparing:
        works[work.id] = nil
        effects.append(.discard(work.id))
      default: continue
      }
    }
    return effects + exitIfDone()
  }

  private mutating func drain(_ work: Work) -> [WorkerEffect] {
    works[work.id]?.phase = .draining
    return [.drainTrial(work.id)]
  }

  /// The last effects of a stopping worker, if its time is up or nothing is in progress any more.
  func endOfStopping(at now: Duration) -> [WorkerEffect]? {
    guard let stopping, let end = stoppingDeadline, now >= end else { return nil }
    return leave(stopping.reason)
  }

  /// The latest time at which a stopping worker exits, as currently known.
  var stoppingDeadline: Duration? {
    guard let stopping else { return nil }
    let isBusy = currentWorks.contains { work in
      switch work.phase {
      case .draining, .killed: true
      case .handingBack(_, let isUnderWay): isUnderWay && link.isJoined
      case .parting, .uploading, .delivering: link.isJoined
      case .preparing, .training, .changingThreads, .dismissed, .uploadDelayed, .reporting: false
      }
    }
    return isBusy ? stopping.deadline : min(stopping.deadline, stopping.since + Self.stopGrace)
  }

  func exitIfDone() -> [WorkerEffect] {
    guard let stopping, !currentWorks.contains(where: \.phase.isClaimed) else { return [] }
    return leave(stopping.reason)
  }

  private func leave(_ reason: String) -> [WorkerEffect] { end(.stopped, goodbye: reason) }

  /// Ends the worker.
  ///
  /// - Parameter reason: The reason for a coordinator, if one may be connected.
  func end(_ ending: WorkerEnding, goodbye reason: String? = nil) -> [WorkerEffect] {
    [.notify("the worker ends")] + (reason.map { [.sayGoodbye(reason: $0)] } ?? [])
      + [.exit(ending)]
  }
}
