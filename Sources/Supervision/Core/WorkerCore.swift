import Trials

/// The worker's decisions, without sockets, files, processes or clocks.
///
/// One ``handle(_:at:)`` per fact, and ``WorkerEvent/clockTicked`` not later than ``nextDeadline``,
/// after whatever has arrived. A trial that was accepted is always in exactly one phase, and
/// a finished result leaves only when the coordinator acknowledged it: neither silence, nor an
/// order to abandon the attempt, nor the end of this worker drops finished work. What else a
/// trial has cost is in its newest checkpoint, which goes to the coordinator as it is written.
package struct WorkerCore: Sendable {
  /// How many trials run at once.
  package let slots: Int
  /// Whether the worker ends when the coordinator has no more work.
  package let exitsWhenIdle: Bool
  /// How long an idle worker without a coordinator waits before it ends.
  package let patience: Duration
  /// How long a stopping worker may take to hand its trials back.
  package let drainGrace: Duration

  /// The sweep that the attempts belong to; nil before the first welcome.
  package internal(set) var sweep: String?
  /// What runs, and finished results, also of other sweeps, which wait for their coordinator.
  var works: [WorkID: Work] = [:]
  var launchCount = 0
  var link: Link
  var shipping = CheckpointShipping()
  var pieces = PieceShipping()
  var disk = DiskStanding()
  /// What keeps the cache from being used, for people; nil when nothing does.
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

  /// How often a worker without a welcome announces itself.
  package static let announcementInterval = Duration.seconds(2)
  /// How long a worker tries to join before it tells people, and how often it repeats that.
  package static let reminders = (first: Duration.seconds(10), later: Duration.seconds(60))
  /// How often an unacknowledged result is reported again.
  package static let reportInterval = Duration.seconds(10)
  /// How long a failed upload waits for its next try.
  package static let uploadRetryDelay = Duration.seconds(5)

  /// A worker that holds results from an earlier process, spooled on disk.
  ///
  /// - Parameters:
  ///   - slots: How many trials run at once; at least 1.
  ///   - held: Finished, unacknowledged results.
  ///   - now: Time on the shell's monotonic clock.
  package init(
    slots: Int, exitsWhenIdle: Bool, patience: Duration, drainGrace: Duration = .seconds(60),
    held: [HeldResult], at now: Duration
  ) {
    precondition(slots >= 1, "a worker has at least one slot")
    self.slots = slots
    self.exitsWhenIdle = exitsWhenIdle
    self.patience = patience
    self.drainGrace = drainGrace
    link = .searching(nextAnnouncement: now)
    lastHeard = now
    lastTick = now
    nextReminder = now + Self.reminders.first
    for held in held {
      works[held.work] = Work(
        id: held.work, order: nil, attempt: held.attempt,
        phase: .uploadDelayed(held.result, until: now))
      works[held.work]?.stream = StreamStanding(
        after: held.trajectory,
        writtenByteCount: held.result.artifacts.first { $0.kind == .trajectory }?.byteCount)
      launchCount = max(launchCount, held.work.launch)
    }
  }

  /// What keeps this worker from taking further trials, for people; nil when nothing does.
  package var obstacle: String? {
    stopping.map { "it leaves: \($0.reason)" } ?? cacheObstacle ?? disk.obstacle
  }

  /// Whether a coordinator knows the connection.
  package var isJoined: Bool { link.isJoined }

  /// What the worker claims, in order of trials.
  package var claims: [WorkClaim] {
    currentWorks.filter(\.phase.isClaimed).map { work in
      var progress: TrialProgress?
      if case .training(let latest) = work.phase { progress = latest }
      return WorkClaim(
        trial: work.id.trial, attempt: work.attempt, progress: progress,
        checkpoint: work.phase.result == nil ? work.checkpoints.claimed : nil,
        refusedCheckpoints: work.checkpoints.refused)
    }
  }

  /// The works of the current sweep, in order of trials.
  var currentWorks: [Work] {
    works.values.filter { $0.id.sweep == sweep }.sorted { $0.id < $1.id }
  }

  /// The work that a message about a trial is about.
  func work(on trial: TrialID) -> Work? {
    works.values.first { $0.id.sweep == sweep && $0.id.trial == trial && $0.phase.isClaimed }
  }

  /// Takes in a fact and returns what to do about it.
  package mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerEffect] {
    switch event {
    case .welcomed(let sweep, let interval, let lostAfter):
      lastHeard = now
      let wasSearching = !link.isJoined
      // A welcome that comes again does not put off the next beat.
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
    case .assigned(let order):
      lastHeard = now
      return accept(order, at: now)
    case .acknowledged(let trial, let number):
      lastHeard = now
      return acknowledge(trial, number)
    case .abandoned(let trial, let number, let reason):
      lastHeard = now
      return abandon(trial, number, reason)
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
      return tellOfDisk(disk.note(freeByteCount: freeByteCount, at: now), at: now)
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
