extension WorkerCore {
  /// How often the clock ticks at least while a trial trains, so that ``sleepMinimum`` tells.
  private static let trainingTick = Duration.seconds(5)
  /// A worker whose clock did not tick for longer did not run meanwhile.
  static let sleepMinimum = Duration.seconds(10)

  /// The latest moment by which ``WorkerEvent/clockTicked`` is due.
  ///
  /// There always is one: a worker announces itself or beats. Every event may move it.
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
    case .training:
      let tick = lastTick + Self.trainingTick
      return work.order.map { min(tick, work.stall.since + $0.stallTimeout) } ?? tick
    case .uploadDelayed(_, let until): return link.isJoined ? until : nil
    case .reporting(_, let nextReport): return link.isJoined ? nextReport : nil
    case .preparing, .draining, .killed, .dismissed, .handingBack, .parting, .uploading,
      .delivering:
      return nil
    }
  }

  /// When something of a work is to be handed in, for the first time or again.
  private func streamDeadline(of work: Work) -> Duration? {
    guard link.isJoined, work.phase.isClaimed else { return nil }
    let report = work.stream.reports.values.map { $0.sentAt + Self.answerInterval }.min()
    let piece = pieces.current == nil ? pieceDeadline(of: work) : nil
    return [report, piece].compactMap { $0 }.min()
  }
}
