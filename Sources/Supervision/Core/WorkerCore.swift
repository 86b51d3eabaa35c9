import Trials

/// The worker's decisions: a state machine without sockets, files, processes or clocks.
///
/// Call ``handle(_:at:)`` for every event, and with ``WorkerEvent/clockTicked`` no later than
/// ``nextDeadline``, after all received messages. An accepted trial is always in exactly one phase.
/// A finished result is dropped only after the coordinator's acknowledgement: neither silence, nor
/// a directive to abandon the attempt, nor the end of this worker drops it. Unfinished work is kept
/// in the newest checkpoint, which is uploaded as it is written.
package struct WorkerCore: Sendable {
  /// How many trials run at once.
  package let slots: Int
  /// How many threads a trial has, and which cores the coordinator may divide.
  package let cores: WorkerCores
  /// Whether the worker ends when the coordinator has no more work.
  package let exitsWhenIdle: Bool
  /// How long an idle worker without a coordinator waits before it exits.
  package let patience: Duration
  /// How long a stopping worker may take to hand back its trials.
  package let drainGrace: Duration

  /// The sweep that the attempts belong to; nil before the first welcome.
  package internal(set) var sweep: String?
  /// Running works and finished results, including results of other sweeps that wait for their
  /// coordinator.
  var works: [WorkID: Work] = [:]
  var launchCount = 0
  var link: Link
  var shipping = CheckpointShipping()
  var pieces = PieceShipping()
  var disk = DiskStanding()
  /// Why the cache cannot be used, for display; nil if it can.
  var cacheObstacle: String?
  var stopping: Stopping?
  var lastHeard: Duration
  var lastTick: Duration
  var nextReminder: Duration

  enum Link {
    case searching(nextAnnouncement: Duration)
    case joined(interval: Duration, lostAfter: Duration, nextBeat: Duration)

    var isJoined: Bool {
      if case .joined = self { true } else { false }
    }
  }

  /// Interval of announcements before the welcome.
  package static let announcementInterval = Duration.seconds(2)
  /// How long a worker tries to join before it logs that, and the interval of repetitions.
  package static let reminders = (first: Duration.seconds(10), later: Duration.seconds(60))
  /// Interval of repetitions of an unacknowledged result.
  package static let reportInterval = Duration.seconds(10)
  /// Delay before retrying a failed upload.
  package static let uploadRetryDelay = Duration.seconds(5)

  /// Creates a worker, with spooled results of earlier processes.
  ///
  /// - Parameters:
  ///   - slots: How many trials run at once; at least 1.
  ///   - cores: Their threads.
  ///   - held: Finished, unacknowledged results.
  ///   - now: Time on the shell's monotonic clock.
  package init(
    slots: Int, cores: WorkerCores = .fixed(threads: 1), exitsWhenIdle: Bool, patience: Duration,
    drainGrace: Duration = .seconds(60),
    held: [HeldResult], at now: Duration
  ) {
    precondition(slots >= 1, "a worker has at least one slot")
    self.slots = slots
    self.cores = cores
    self.exitsWhenIdle = exitsWhenIdle
    self.patience = patience
    self.drainGrace = drainGrace
    link = .searching(nextAnnouncement: now)
    lastHeard = now
    lastTick = now
    nextReminder = now + Self.reminders.first
    for held in held {
      works[held.work] = Work(
        id: held.work, assignment: nil, attempt: held.attempt,
        phase: .uploadDelayed(held.result, until: now))
      works[held.work]?.stream = StreamStanding(
        after: held.trajectory,
        writtenByteCount: held.result.artifacts.first { $0.kind == .trajectory }?.byteCount)
      launchCount = max(launchCount, held.work.launch)
    }
  }

  /// What keeps this worker from taking further trials, for display; nil if nothing does.
  package var obstacle: String? {
    stopping.map { "it leaves: \($0.reason)" } ?? cacheObstacle ?? disk.obstacle
  }

  /// Whether a coordinator has welcomed the connection.
  package var isJoined: Bool { link.isJoined }

  /// The worker's claims, ordered by trial.
  package var claims: [AttemptClaim] {
    currentWorks.filter(\.phase.isClaimed).map { work in
      var progress: TrialProgress?
      switch work.phase {
      case .training(let latest), .changingThreads(let latest): progress = latest
      default: break
      }
      return AttemptClaim(
        trial: work.id.trial, attempt: work.attempt, progress: progress,
        checkpoint: work.phase.result == nil ? work.checkpoints.claimed : nil,
        refusedCheckpoints: work.checkpoints.refused,
        threads: work.phase.occupiesSlot ? work.usedThreads ?? work.threads : nil)
    }
  }

  /// The works of the current sweep, ordered by trial.
  var currentWorks: [Work] {
    works.values.filter { $0.id.sweep == sweep }.sorted { $0.id < $1.id }
  }

  /// The work that messages about a trial refer to.
  func work(on trial: TrialID) -> Work? {
    works.values.first { $0.id.sweep == sweep && $0.id.trial == trial && $0.phase.isClaimed }
  }

  /// Handles an event and returns the effects.
  package mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .welcomed(let sweep, let interval, let lostAfter):
      lastHeard = now
      let wasSearching = !link.isJoined
      // A repeated welcome does not postpone the next heartbeat.
      var nextBeat = now + interval
      if case .joined(_, _, let planned) = link { nextBeat = min(nextBeat, planned) }
      link = .joined(interval: interval, lostAfter: lostAfter, nextBeat: nextBeat)
      return enter(sweep, at: now) + (wasSearching ? resumeDeliveries(at: now) : [])
    case .coordinatorBeat:
      lastHeard = now
      return []
    case .connected:
      return [announce(at: now)]
    case .announcementRequested:
      lastHeard = now
      return [announce(at: now)]
    case .assigned(let assignment):
      lastHeard = now
      return accept(assignment, at: now)
    case .acknowledged(let trial, let number):
      lastHeard = now
      return acknowledge(trial, number)
    case .abandoned(let trial, let number, let reason):
      lastHeard = now
      return abandon(trial, number, reason)
    case .threadsAssigned(let trial, let number, let threads):
      lastHeard = now
      return setThreads(threads, of: trial, number)
    case .reportTaken, .pieceTaken, .trajectoryUnknown: return handleAnswer(event, at: now)
    case .artifactsWanted(let trial, let digests):
      lastHeard = now
      guard let work = work(on: trial), case .reporting(let result, _) = work.phase else {
        return []
      }
      let trajectory = result.artifacts.first { $0.kind == .trajectory }
      if let trajectory, digests.contains(trajectory.digest) {
        works[work.id]?.stream.rewind()
      }
      return beginUpload(work.id, result)
    case .drainRequested(let reason):
      lastHeard = now
      return stopping == nil ? stop(reason, at: now) : []
    case .sweepEnded(let reason):
      return endSweep(reason, at: now)
    case .refused(let reason):
      return [.notify("the coordinator refused this worker: \(reason)")]
        + stopEverything() + end(.refused(reason: reason))
    case .imagesReady, .checkpointReady, .preparationFailed, .trialBegan, .trialProgressed,
      .trialFinished, .trialFailed, .handedBack, .artifactsUploaded, .uploadFailed:
      return handleWork(event, at: now)
    case .reportReached, .trajectoryWritten, .pieceRead, .pieceNotRead:
      return handleStream(event, at: now)
    case .checkpointWritten, .checkpointStored, .checkpointNotStored:
      return handleCheckpoint(event, at: now)
    case .diskMeasured(let freeByteCount):
      return reportDiskChange(disk.note(freeByteCount: freeByteCount, at: now), at: now)
    case .folderLost, .cacheChecked: return handleCache(event, at: now)
    case .stopRequested(let reason):
      return stop(reason, at: now)
    case .supervisorEnded:
      return leaveAlone(at: now)
    case .clockTicked:
      return tick(at: now)
    }
  }
}
