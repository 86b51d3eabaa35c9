import Trials

/// Delivers reports and trajectory pieces while trials train.
extension WorkerCore {
  /// How long to wait for an answer before sending again.
  static let answerInterval = Duration.seconds(10)

  /// Handles new reports, grown trajectories and read pieces.
  mutating func handleStream(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .reportReached(let id, let index, let report):
      guard let work = works[id], work.phase.isClaimed else { return [] }
      works[id]?.stream.reach(report, at: index, sentAt: now)
      guard link.isJoined, id.sweep == sweep else { return [] }
      return [
        .sendReport(trial: id.trial, attempt: work.attempt, index: index, report)
      ] + shipNextPiece(at: now)
    case .trajectoryWritten(let id, let byteCount):
      works[id]?.stream.note(writtenByteCount: byteCount)
    case .pieceRead(let id, let piece):
      guard case (id, .reading)? = pieces.current else { return [] }
      guard let work = works[id], work.phase.isClaimed, link.isJoined else {
        pieces.end()
        return shipNextPiece(at: now)
      }
      pieces.send(piece, of: id, at: now)
      return [.sendPiece(trial: id.trial, attempt: work.attempt, piece)]
    case .pieceNotRead(let id, let reason):
      pieces.end(for: id)
      let failure = TrialFailure(cause: .stopped, message: "its trajectory: \(reason)")
      return give(up: id, failure) + shipNextPiece(at: now)
    default: break
    }
    return shipNextPiece(at: now)
  }

  /// Handles the coordinator's answers to reports and pieces.
  mutating func handleAnswer(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    lastHeard = now
    switch event {
    case .reportTaken(let trial, let attempt, let index):
      guard let work = work(on: trial), work.attempt == attempt else { return [] }
      works[work.id]?.stream.noteTaken(report: index)
      return reportIfTaken(work.id, at: now)
    case .pieceTaken(let trial, let attempt, let byteCount):
      guard let work = work(on: trial), work.attempt == attempt, pieces.current?.id == work.id,
        case .sent(let piece, _)? = pieces.current?.stage,
        piece.end.prefix.byteCount == byteCount
      else { return [] }
      pieces.end()
      works[work.id]?.stream.take(piece, at: now)
      let claims = works[work.id]?.claimCheckpoint() == true ? beat(at: now) : []
      return claims + reportIfTaken(work.id, at: now) + shipNextPiece(at: now)
    case .trajectoryUnknown(let trial, let attempt, let byteCount):
      // Ignore answers to repeated pieces.
      guard let work = work(on: trial), work.attempt == attempt, pieces.current?.id == work.id,
        case .sent(let piece, _)? = pieces.current?.stage, piece.start.byteCount == byteCount
      else { return [] }
      pieces.end()
      guard piece.start != work.stream.base.prefix else {
        // The coordinator does not even know the start of this run, so it can never accept its
        // trajectory.
        let failure = TrialFailure(
          cause: .lost,
          message:
            "the coordinator lacks the trajectory up to the checkpoint from which this run resumed")
        return give(up: work.id, failure) + shipNextPiece(at: now)
      }
      works[work.id]?.stream.rewind()
      return shipNextPiece(at: now)
    default: return []
    }
  }

  /// Repeats unanswered reports and pieces.
  mutating func repeatUnanswered(at now: Duration, anew: Bool = false) -> [WorkerEffect] {
    guard link.isJoined else { return [] }
    var effects: [WorkerEffect] = []
    for work in currentWorks where work.phase.isClaimed {
      for (index, entry) in work.stream.reports.sorted(by: { $0.key < $1.key })
      where anew || now - entry.sentAt >= Self.answerInterval {
        works[work.id]?.stream.reach(entry.report, at: index, sentAt: now)
        effects.append(
          .sendReport(
            trial: work.id.trial, attempt: work.attempt, index: index, entry.report))
      }
    }
    if let current = pieces.current, case .sent(_, let sentAt) = current.stage,
      anew || now - sentAt >= Self.answerInterval
    {
      // Others that are due go first, so that one unanswered trial does not block them.
      works[current.id]?.stream.postpone(at: now)
      pieces.end()
    }
    return effects + shipNextPiece(at: now)
  }

  /// Reads the next piece of the work that has waited longest, if one is due.
  mutating func shipNextPiece(at now: Duration) -> [WorkerEffect] {
    if let current = pieces.current {
      if let work = works[current.id], work.phase.isClaimed { return [] }
      pieces.end()
    }
    guard link.isJoined else { return [] }
    let due = currentWorks.filter { work in
      work.phase.isClaimed && (pieceDeadline(of: work).map { $0 <= now } ?? false)
    }
    guard let next = due.min(by: { $0.stream.takenAt < $1.stream.takenAt }) else { return [] }
    pieces.read(for: next.id)
    let byteCount = min(next.stream.pendingByteCount, TrajectoryPiece.byteCountMaximum)
    return [
      .readPiece(
        next.id, after: next.stream.taken, fileBegins: next.stream.base.prefix.byteCount,
        byteCount: byteCount)
    ]
  }

  /// When a work's next piece is due; nil if there is none.
  func pieceDeadline(of work: Work) -> Duration? {
    // The process that replaces another one is about to write the file anew.
    guard !work.isRestarted || !work.phase.hasProcess else { return nil }
    let isAwaited =
      switch work.phase {
      case .training, .changingThreads, .preparing:
        !work.stream.reports.isEmpty || work.awaitsPieces
      case .draining, .killed, .dismissed, .handingBack, .parting, .uploading, .uploadDelayed,
        .delivering, .reporting:
        true
      }
    return work.stream.pieceDeadline(isUrgent: isAwaited)
  }

  /// Reports the end of a work once the coordinator has all its reports and pieces.
  mutating func reportIfTaken(_ id: WorkID, at now: Duration) -> [WorkerEffect] {
    guard let work = works[id], work.stream.isTaken else { return [] }
    switch work.phase {
    case .delivering(let result):
      works[id]?.phase = .reporting(result, nextReport: now + Self.reportInterval)
      return [.sendResult(trial: id.trial, attempt: work.attempt, result)]
    case .parting(let failure, let left):
      return part(work, failure, left)
    default: return []
    }
  }

  /// Ends a work that can have no result.
  private mutating func give(up id: WorkID, _ failure: TrialFailure) -> [WorkerEffect] {
    guard let work = works[id], work.phase.isClaimed else { return [] }
    if work.phase.hasProcess {
      works[id]?.phase = .killed(failure)
      return [.killTrial(id)]
    }
    works[id]?.checkpoints.claimed = nil
    return [.notify("trial \(id.trial) given up: \(failure.message)")]
      + part(works[id] ?? work, failure, HandBack())
  }
}
