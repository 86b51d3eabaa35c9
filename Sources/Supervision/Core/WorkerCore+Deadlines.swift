extension WorkerCore {
  /// Longest tick interval while a trial trains, so that ``sleepMinimum`` detects a suspension.
  private static let trainingTick = Duration.seconds(5)
  /// After a longer gap between ticks, the worker was suspended.
  static let sleepMinimum = Duration.seconds(10)

  /// The latest time for the next ``WorkerEvent/clockTicked``.
  ///
  /// There always is one, since a worker announces itself or sends heartbeats. Every event may
  /// change it.
  package var nextDeadline: Duration {
    var deadline: Duration
    switch link {
    case .searching(let nextAnnouncement):
      deadline = min(nextAnnouncement, nextReminder)
      if currentWorks.isEmpty { deadline = min(deadline, lastHeard + patience) }
    case .joined(_, let lostAfter, let nextBeat):
      deadline = min(nextBeat, lastHeard + lostAfter)
    }
    for time in [stoppingDeadline, shippingDeadline] {
      if let time { deadline = min(deadline, time) }
    }
    for work in works.values where work.id.sweep == sweep {
      for time in [self.deadline(of: work), streamDeadline(of: work)] {
        if let time { deadline = min(deadline, time) }
      }
    }
    if link.isJoined, case .sent(_, let sentAt)? = pieces.current?.stage {
      deadline = min(deadline, sentAt + Self.answerInterval)
    }
    return deadline
  }

  private func deadline(of work: Work) -> Duration? {
    switch work.phase {
    case .training, .changingThreads:
      let tick = lastTick + Self.trainingTick
      return work.assignment.map { min(tick, work.stall.since + $0.stallTimeout) } ?? tick
    case .uploadDelayed(_, let until): return link.isJoined ? until : nil
    case .reporting(_, let nextReport): return link.isJoined ? nextReport : nil
    case .preparing, .draining, .killed, .dismissed, .handingBack, .parting, .uploading,
      .delivering:
      return nil
    }
  }

  /// When a work's next report or piece is due, for the first time or again.
  private func streamDeadline(of work: Work) -> Duration? {
    guard link.isJoined, work.phase.isClaimed else { return nil }
    let report = work.stream.reports.values.map { $0.sentAt + Self.answerInterval }.min()
    let piece = pieces.current == nil ? pieceDeadline(of: work) : nil
    return [report, piece].compactMap { $0 }.min()
  }
}
