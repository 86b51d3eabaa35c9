import Digests
import Supervision
import Trials

/// Checks a worker's decisions against a model that shares no code with the worker.
package struct WorkerChecker: Sendable {
  /// Allowed delay of a due action.
  private static let slack = Duration.seconds(1)
  /// The longest pause between two announcements, and of a goodbye.
  private static let (announcementInterval, farewell) = (Duration.seconds(2), Duration.seconds(5))

  private let slots: Int
  private let cores: Int
  private let patience: Duration
  private let drainGrace: Duration
  private var runs: [WorkID: Run] = [:]
  private var sweep: String?
  private var heartbeatInterval = announcementInterval
  private var lostAfter = Duration.zero
  /// When the last messages of coordinator and worker were sent.
  private var heardAt = Duration.zero
  private var spokeAt = Duration.zero
  /// Since when it was seen with nothing to do; nil while it has something.
  private var idleSince: Duration?
  /// Until when the worker could not run.
  private var awakeSince = Duration.zero
  private var leavesBy: Duration?
  /// Nobody takes its trials back; their files stay for the next worker.
  private var leavesAlone = false
  private var mayEnd = false
  private var isDiskFull = false
  private var hasEnded = false
  /// What was found to be wrong, in order.
  package private(set) var violations: [String] = []

  private struct Run {
    let trial: TrialID
    var attempt: Int
    var isStarted = false
    /// Threads of its process.
    var threads = 0
    /// Its process was asked to write a checkpoint and exit.
    var isDraining = false
    /// The checkpoints that its processes wrote.
    var written: [WrittenCheckpoint] = []
    var isRestarted = false
    /// Its process, or what led to one, has come to an end.
    var isOver = false
    var isKilled = false
    /// The coordinator wants it to end.
    var mustEnd = false
    var fetched: FetchedCheckpoint?
    var stored: Set<TrialCheckpoint> = []
    var result: SpooledResult?
    /// Reports that nobody has taken.
    var openReports: Set<Int> = []
    /// Bytes of its trajectory before its file.
    var fileBegins = 0
    /// Bytes of its trajectory.
    var writtenByteCount = 0
    /// How many of them the coordinator has.
    var takenByteCount = 0
    var isUploaded = false
    var isAcknowledged = false

    /// Its trajectory cannot be read or is not wanted: it can have no result.
    var cannotComplete = false
    /// Its files are deleted, or belong to the next worker.
    var isGone = false

    /// Whether the coordinator has its reports and its trajectory.
    var isTaken: Bool { openReports.isEmpty && takenByteCount >= writtenByteCount }
    /// Whether it is being prepared or its process runs.
    var isLive: Bool { !isOver && !isKilled }
    /// Whether its process runs and was not told to die.
    var isTraining: Bool { isStarted && isLive }
    /// Whether it is the worker's: something to do, to hand back or to report.
    var isOwned: Bool { !mustEnd && !isAcknowledged && !isGone }
    /// Whether it is a result that must not be lost.
    var isHeld: Bool { result != nil && isOwned && !cannotComplete }
  }

  /// A checker of a worker that begins.
  package init(
    slots: Int, cores: Int = 0, patience: Duration, drainGrace: Duration, held: [HeldResult],
    at now: Duration
  ) {
    self.slots = slots
    self.cores = cores
    self.patience = patience
    self.drainGrace = drainGrace
    (heardAt, spokeAt, awakeSince) = (now, now, now)
    for held in held {
      let begins = held.trajectory.prefix.byteCount
      runs[held.work] = Run(
        trial: held.work.trial, attempt: held.attempt, isOver: true, result: held.result,
        fileBegins: begins, writtenByteCount: held.result.trajectoryByteCount,
        takenByteCount: begins)
    }
  }

  /// Tells that the worker cannot run until then.
  package mutating func noteSleep(until time: Duration) { awakeSince = max(awakeSince, time) }

  /// Checks that nothing is overdue, as long as the worker runs.
  package mutating func noteTime(_ now: Duration) {
    let spoke = max(spokeAt, awakeSince)
    check(
      now - spoke <= heartbeatInterval + Self.announcementInterval + Self.slack,
      "said nothing for \(now - spoke)")
    if let leavesBy {
      check(now <= max(leavesBy, awakeSince) + Self.slack, "stays though it was to leave")
    }
    guard !runs.contains(where: { isOwned($0.key, $0.value) }) else {
      idleSince = nil
      return
    }
    // Its last trial may have ended just now.
    let idleSince = idleSince ?? now
    self.idleSince = idleSince
    let limit = heardAt + max(patience, lostAfter) + Self.announcementInterval
    check(
      now <= max(limit, awakeSince, idleSince) + Self.slack, "stays idle without a coordinator")
  }

  private func isOwned(_ id: WorkID, _ run: Run) -> Bool { id.sweep == sweep && run.isOwned }

  /// Tells what the worker is about to hear.
  package mutating func note(_ event: WorkerEvent, at now: Duration) {
    switch event {
    case .welcomed(let sweep, let interval, let lostAfter):
      heardAt = now
      self.sweep = sweep
      heartbeatInterval = interval
      self.lostAfter = lostAfter
    case .coordinatorBeat, .announcementRequested, .artifactsWanted: heardAt = now
    case .reportTaken(let trial, let attempt, let index):
      heardAt = now
      change(trial, attempt) { $0.openReports.remove(index) }
    case .pieceTaken(let trial, let attempt, let byteCount):
      heardAt = now
      change(trial, attempt) { $0.takenByteCount = max($0.takenByteCount, byteCount) }
    case .trajectoryUnknown(let trial, let attempt, _):
      heardAt = now
      change(trial, attempt) {
        $0.takenByteCount = $0.fileBegins
        $0.cannotComplete = true
      }
    case .pieceNotRead(let id, _): runs[id]?.cannotComplete = true
    case .assigned(let assignment):
      heardAt = now
      for id in runs.keys where id.trial == assignment.trial && id.sweep == sweep {
        guard let run = runs[id], run.isOwned else { continue }
        if run.attempt <= assignment.voidThrough {
          runs[id]?.mustEnd = true
        } else if run.attempt < assignment.attempt {
          runs[id]?.attempt = assignment.attempt
        }
      }
    case .acknowledged(let trial, let attempt), .abandoned(let trial, let attempt, _):
      heardAt = now
      var isAcknowledgement = false
      if case .acknowledged = event { isAcknowledgement = true }
      for id in runs.keys where id.trial == trial && id.sweep == sweep {
        guard let run = runs[id], run.attempt <= attempt else { continue }
        if run.result == nil { runs[id]?.mustEnd = true }
        if isAcknowledgement { runs[id]?.isAcknowledged = true }
      }
    case .drainRequested: noteLeaving(by: now + drainGrace, at: now, isHeard: true)
    case .stopRequested: noteLeaving(by: now + drainGrace, at: now, isHeard: false)
    case .supervisorEnded:
      leavesAlone = true
      noteLeaving(by: now + Self.farewell, at: now, isHeard: false)
    case .sweepEnded, .refused:
      heardAt = now
      mayEnd = true
    case .checkpointReady(let id, let checkpoint, _, _):
      runs[id]?.fetched = checkpoint
      if let stored = checkpoint?.stored { runs[id]?.stored.insert(stored) }
    case .checkpointWritten(let id, let written): runs[id]?.written.append(written)
    case .preparationFailed(let id, _), .trialFailed(let id, _):
      runs[id]?.isOver = true
      if leavesAlone { runs[id]?.isGone = true }
    case .trialFinished(let id, let result):
      runs[id]?.isOver = true
      runs[id]?.result = result
      runs[id]?.writtenByteCount = result.trajectoryByteCount
    case .trialBegan(let id, let beginning) where runs[id]?.isRestarted == true:
      runs[id]?.isRestarted = false
      let isUsed = beginning.refusals.isEmpty
      runs[id]?.cannotComplete = !isUsed
      // What was read of its trajectory stays read, and so do its reports.
      let takenByteCount = runs[id]?.takenByteCount ?? 0
      runs[id]?.writtenByteCount = takenByteCount
    case .trialBegan(let id, let beginning):
      let begins = beginning.trajectory.prefix.byteCount
      runs[id]?.fileBegins = begins
      runs[id]?.writtenByteCount = begins
      runs[id]?.takenByteCount = begins
      runs[id]?.openReports = []
    case .trajectoryWritten(let id, let byteCount): runs[id]?.writtenByteCount = byteCount
    case .reportReached(let id, let index, _):
      if runs[id]?.isOwned == true { runs[id]?.openReports.insert(index) }
    case .checkpointStored(let id, let checkpoint, _): runs[id]?.stored.insert(checkpoint)
    case .artifactsUploaded(let id): runs[id]?.isUploaded = true
    case .diskMeasured(let free): isDiskFull = free < 64 << 20
    // No simulated cache is cleaned.
    case .folderLost, .cacheChecked: return
    case .threadsAssigned: heardAt = now
    case .connected, .imagesReady, .trialProgressed, .checkpointNotStored,
      .pieceRead, .handedBack, .uploadFailed, .clockTicked:
      break
    }
  }

  private mutating func noteLeaving(by time: Duration, at now: Duration, isHeard: Bool) {
    if isHeard { heardAt = now }
    leavesBy = min(leavesBy ?? time, time)
  }

  /// Checks what the worker decided, in order.
  ///
  /// - Returns: The finished results that it dropped; each must be recorded.
  package mutating func note(
    _ effects: [WorkerEffect], at now: Duration
  ) -> [WorkID] {
    var dropped: [WorkID] = []
    for effect in effects {
      check(!hasEnded, "decides something after its end: \(effect)")
      if case .discard(let id) = effect, noteDiscarded(id) { dropped.append(id) }
      note(effect, at: now)
    }
    for (id, run) in runs where run.mustEnd {
      check(!run.isTraining, "\(id.trial) trains on though it was to end")
    }
    return dropped
  }

  private mutating func note(_ effect: WorkerEffect, at now: Duration) {
    switch effect {
    case .announce(let claims), .beat(let claims):
      spokeAt = now
      check(claims)
    case .fetchImages(let id, let assignment): noteBegun(id, assignment)
    case .fetchCheckpoint(let id, _):
      check(runs[id]?.isLive == true, "\(id.trial): a checkpoint for what has ended")
    case .startTrial(let id, _, let checkpoint, let threads):
      noteStarted(id, from: checkpoint, threads: threads)
    case .restartTrial(let id, _, let checkpoint, let threads):
      noteRestarted(id, from: checkpoint, threads: threads)
    case .killTrial(let id): runs[id]?.isKilled = true
    case .handBack(let id, _):
      check(runs[id]?.isTraining == false, "\(id.trial) handed back while it trains")
    case .upload(let id, _):
      check(runs[id]?.result != nil, "\(id.trial): artifacts of what has no result")
    case .sendResult(let trial, let attempt, let result):
      // The worker adds the state at the end where that is wanted.
      var bare = result
      bare.lastCheckpoint = nil
      let isTrue = runs.contains { id, run in
        id.trial == trial && run.attempt == attempt && run.result == bare && run.isUploaded
          && run.isTaken
      }
      check(isTrue, "\(trial): reported as finished before all is stored")
    case .readPiece(let id, let start, let fileBegins, let byteCount):
      check(
        runs[id].map {
          $0.fileBegins == fileBegins && start.prefix.byteCount >= fileBegins
            && start.prefix.byteCount + byteCount <= $0.writtenByteCount
        } ?? false, "\(id.trial): reads bytes that its trajectory does not have")
    case .sendReport(let trial, let attempt, let index, _):
      check(
        runs.contains {
          $0.key.trial == trial && $0.value.attempt == attempt
            && $0.value.openReports.contains(index)
        }, "\(trial): a report of nothing")
    case .sendFailure(let trial, let attempt, _, _):
      for (id, run) in runs where id.trial == trial && id.sweep == sweep {
        check(
          !(run.attempt == attempt && (run.isTraining || run.isHeld)),
          "\(trial): reported as ended while it trains or is finished")
      }
    case .exit:
      hasEnded = true
      check(leavesBy != nil || mayEnd || isIdle(at: now), "ends without a reason")
    case .sayGoodbye: spokeAt = now
    case .drainTrial(let id): runs[id]?.isDraining = true
    case .uploadCheckpoint, .sendPiece, .discard, .notify: break
    }
  }

  private func isIdle(at now: Duration) -> Bool {
    now - heardAt >= patience && !runs.contains { isOwned($0.key, $0.value) }
  }

  private mutating func change(
    _ trial: TrialID, _ attempt: Int, _ body: (inout Run) -> Void
  ) {
    for (id, run) in runs
    where id.trial == trial && id.sweep == sweep && run.attempt == attempt {
      var run = run
      body(&run)
      runs[id] = run
    }
  }

  private mutating func check(_ claims: [AttemptClaim]) {
    for (id, run) in runs where isOwned(id, run) {
      check(
        claims.contains { $0.trial == run.trial && $0.attempt == run.attempt },
        "\(run.trial): not claimed")
    }
    for claim in claims {
      let isOwn = runs.contains { id, run in
        id.sweep == sweep && run.trial == claim.trial && run.attempt == claim.attempt
          && claim.checkpoint.map(run.stored.contains) != false
      }
      check(isOwn, "\(claim.trial): claimed without having it")
    }
  }

  private mutating func noteBegun(_ id: WorkID, _ assignment: Assignment) {
    check(leavesBy == nil, "\(id.trial) begun by a worker that leaves")
    check(!isDiskFull, "\(id.trial) begun on a full disk")
    check(
      !runs.contains { $0.key.trial == id.trial && isOwned($0.key, $0.value) },
      "\(id.trial) begun twice")
    runs[id] = Run(trial: id.trial, attempt: assignment.attempt)
    check(runs.values.count { $0.isLive } <= slots, "more trials than slots")
  }

  /// A change of threads: at a checkpoint that the trial has just written, unless it wrote none.
  private mutating func noteRestarted(
    _ id: WorkID, from checkpoint: FetchedCheckpoint?, threads: Int
  ) {
    guard let run = runs[id] else {
      return check(false, "\(id.trial) started again though nobody knows it")
    }
    check(cores > 0, "\(id.trial): other threads on a worker whose slots are alike")
    check(
      run.isStarted && run.isDraining && run.isOver && !run.isKilled && run.isOwned,
      "\(id.trial) started again while it trains or is to end")
    check(leavesBy == nil, "\(id.trial) started again by a worker that leaves")
    let last = run.written.last
    check(
      checkpoint?.file == last?.file || (last == nil && checkpoint == run.fetched),
      "\(id.trial) goes on from another checkpoint than its last")
    runs[id]?.isOver = false
    runs[id]?.isDraining = false
    runs[id]?.isRestarted = true
    runs[id]?.threads = threads
    checkThreads()
  }

  private mutating func checkThreads() {
    let cores = cores
    guard cores > 0 else { return }
    let count = runs.values.reduce(0) { $0 + ($1.isTraining ? $1.threads : 0) }
    check(count <= cores, "\(count) threads on \(cores) cores")
  }

  private mutating func noteStarted(
    _ id: WorkID, from checkpoint: FetchedCheckpoint?, threads: Int
  ) {
    check(runs[id]?.isStarted == false && runs[id]?.isLive == true, "\(id.trial) started twice")
    check(runs[id]?.fetched == checkpoint, "\(id.trial) started from another checkpoint")
    runs[id]?.isStarted = true
    runs[id]?.threads = threads
    checkThreads()
  }

  /// Whether a result goes with it that was still to be kept.
  private mutating func noteDiscarded(_ id: WorkID) -> Bool {
    guard let run = runs[id] else { return false }
    check(!run.isTraining, "\(id.trial): files deleted while it trains")
    check(!run.isHeld, "\(id.trial): a result deleted that nobody has acknowledged")
    runs[id]?.isGone = true
    if run.isOver || !run.isStarted { runs[id] = nil }
    return run.result != nil && !run.mustEnd && !run.isGone && !run.cannotComplete
  }

  private mutating func check(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { violations.append(violation()) }
  }
}

extension SpooledResult {
  fileprivate var trajectoryByteCount: Int {
    artifacts.first { $0.kind == .trajectory }?.byteCount ?? 0
  }
}
