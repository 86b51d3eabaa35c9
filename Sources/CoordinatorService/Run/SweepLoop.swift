import Coordination
import Digests
import Foundation
import Logging
import Messaging
import Store
import Synchronization
import Transfers
import Trials
import Wire

/// The coordinator's shell; it passes events from the socket, the clock and signals to the pure
/// ``Coordinator`` and carries out its effects.
///
/// One round handles all received messages, commits all records of the round in one transaction,
/// and then sends. So every message is sent after its records are durable, and many results share
/// one disk write.
struct SweepLoop: ~Copyable {
  /// A request to interrupt the run.
  enum Interruption: Sendable {
    /// Leave; remote workers continue training.
    case detach
    /// Stop every trial everywhere.
    case stop
  }

  /// How the loop ended.
  enum Ending {
    case finished(SweepEnding)
    case detached
  }

  /// Most messages handled in one round.
  private static let messagesPerRound = 4096
  /// How long a round handles messages, so that a flood of them keeps nothing else waiting.
  private static let roundLimit = Duration.milliseconds(100)
  /// How long messages may keep the loop from noticing that a connection is gone.
  private static let brokenLimit = Duration.seconds(1)
  /// How long local workers may take to hand back their trials when the coordinator leaves.
  private static let leavingGrace = Duration.seconds(10)
  /// How long a leaving coordinator waits for a second interruption, which stops remote trials too.
  private static let secondInterruptionGrace = Duration.seconds(5)
  /// How long workers may take to say goodbye after the sweep's end.
  private static let farewellLimit = Duration.seconds(1)
  /// Interval of progress messages.
  private static let reportInterval = Duration.seconds(15)
  /// Interval between attempts to write to a full disk.
  private static let spaceInterval = Duration.seconds(1)

  private var coordinator: Coordinator
  private var gateway: ControlGateway
  private let facts: SweepFacts
  private let store: SweepStore
  private let blobs: BlobStore
  private let desk: AdministrationDesk
  private let checkpoints: CheckpointBlobs
  private var logs: LogFolder
  /// The live display; nil if lines are printed instead.
  private let display: SweepDisplay?
  /// The hint how to start workers; nil if none can join.
  private var hint: WorkerHint?
  private var accounts: BlobAccounts
  private var commitTimes = CommitTimes()
  private var storage: StorageWatch
  private let logger: Logger
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var nextReport: Instant
  private var notices = NoticeLimiter()
  /// Connections found broken by a send; their received messages may not have been handled yet.
  private var brokenConnections: [ConnectionID] = []
  /// When the first of them was found.
  private var brokenAt: Instant?

  /// Creates a loop for a coordinator that has replayed the journal and not yet resumed.
  init(
    coordinator: Coordinator, gateway: consuming ControlGateway, facts: SweepFacts,
    store: SweepStore, blobs: BlobStore, logs: LogFolder, accounts: BlobAccounts,
    storage: StorageWatch, desk: AdministrationDesk, display: SweepDisplay?, hint: WorkerHint?,
    logger: Logger
  ) {
    self.hint = hint
    self.display = display
    self.desk = desk
    self.coordinator = coordinator
    self.gateway = gateway
    self.facts = facts
    self.store = store
    self.blobs = blobs
    checkpoints = CheckpointBlobs(blobs)
    self.logs = logs
    self.accounts = accounts
    self.storage = storage
    self.logger = logger
    start = clock.now
    nextReport = Instant(sinceStart: Self.reportInterval)
  }

  /// Runs until the sweep ends or is interrupted.
  ///
  /// - Parameters:
  ///   - interruptions: Requests to interrupt; read in every round.
  ///   - administration: Requests on the administration socket.
  ///   - localWorkers: The workers of this run.
  ///   - recorded: Called after each commit that changes what reports show.
  /// - Throws: `StoreError` or `MessagingError`; ``StoppedWhileHeld`` if a person stops a sweep whose
  ///   record cannot be written. Nothing was sent whose records are not durable.
  mutating func run(
    interruptions: Inbox<Interruption>, administration: AdministrationServer,
    localWorkers: LocalWorkers?, recorded: () -> Void
  ) throws -> Ending {
    var leaveBy: Instant?
    var listensUntil: Instant?
    var isLeaving = false
    var answers: [(call: AdministrationServer.Call, reply: AdministrationReply)] = []
    var effects = coordinator.resume(at: now)
    while true {
      let ending = try carryOut(
        effects, interruptions: interruptions, administration: administration, recorded: recorded)
      for answer in answers { answer.call.answer(answer.reply) }
      if let ending {
        try receiveLastMessages(
          interruptions: interruptions, administration: administration, recorded: recorded)
        return .finished(ending)
      }
      if isLeaving { return .detached }
      effects = []
      answers = []
      let timeout =
        brokenConnections.isEmpty
        ? min(coordinator.nextDeadline.map { $0 - now } ?? .seconds(1), .seconds(1)) : .zero
      _ = try Poller.wait(
        for: [gateway.pollItem, interruptions.pollItem, administration.calls.pollItem],
        timeout: max(timeout, .zero))
      for interruption in interruptions.take() {
        switch interruption {
        case .detach:
          let hasRemoteWorkers =
            coordinator.workers.count(where: \.isConnected) > localWorkers?.liveCount ?? 0
          logger.notice(
            """
            leaving: local workers hand back their trials, remote ones continue; the same \
            command resumes the sweep\
            \(hasRemoteWorkers ? " (Ctrl-C again within 5 s stops remote trials too)" : "")
            """)
          localWorkers?.stop()
          leaveBy = now + Self.leavingGrace
          listensUntil = hasRemoteWorkers ? now + Self.secondInterruptionGrace : now
        case .stop:
          effects += coordinator.handle(.stopRequested(reason: "by a person"), at: now)
        }
      }
      for call in administration.calls.take() {
        switch decide(call.request) {
        case .answer(let reply): call.answer(reply)
        case .event(let event, let reply):
          effects += coordinator.handle(event, at: now)
          answers.append((call, reply))
        }
      }
      // Counted before receiving, so that the last messages of workers that ended are handled.
      let localWorkerCount = localWorkers?.liveCount
      let hasHandledAll = try takeInMessages(&effects)
      for (connection, reason) in try gateway.takeDismissals() {
        effects += coordinator.handle(.workerLeft(reason: reason, on: connection), at: now)
      }
      effects += coordinator.handle(.clockTicked, at: now)
      accounts.review(coordinator, at: now)
      try storage.look(at: now)
      reportProgress()
      if let leaveBy, let listensUntil {
        isLeaving =
          now >= leaveBy
          || (hasHandledAll && localWorkerCount ?? 0 == 0 && now >= listensUntil)
      }
      if leaveBy == nil, facts.hasLocalWorkersOnly, localWorkerCount == 0 {
        throw RunError.localWorkersEnded
      }
    }
  }

  /// Handles received messages for one round; returns whether it has handled all.
  private mutating func takeInMessages(_ effects: inout [Effect]) throws -> Bool {
    let end = clock.now + Self.roundLimit
    var count = 0
    while count < Self.messagesPerRound, clock.now < end {
      guard let (delivery, connection, sender) = try gateway.receive() else {
        // All messages of broken connections, perhaps a goodbye, have been handled now.
        giveUpBrokenConnections(&effects)
        return true
      }
      if let delivery { effects += try takeIn(delivery, from: connection, sender) }
      count += 1
    }
    if let brokenAt, now - brokenAt >= Self.brokenLimit { giveUpBrokenConnections(&effects) }
    return false
  }

  private mutating func giveUpBrokenConnections(_ effects: inout [Effect]) {
    for connection in brokenConnections {
      effects += coordinator.handle(.connectionLost(connection), at: now)
    }
    brokenConnections = []
    brokenAt = nil
  }

  private mutating func noteBroken(_ connection: ConnectionID) {
    brokenConnections.append(connection)
    brokenAt = brokenAt ?? now
  }

  /// Handles workers' last messages after the sweep, until all have said goodbye.
  ///
  /// A sweep that was stopped or has too many failures may still receive a result.
  private mutating func receiveLastMessages(
    interruptions: Inbox<Interruption>, administration: AdministrationServer, recorded: () -> Void
  ) throws {
    var present = Set(coordinator.workers.filter(\.isConnected).map(\.worker))
    let deadline = now + Self.farewellLimit
    while !present.isEmpty, now < deadline {
      _ = try Poller.wait(for: [gateway.pollItem], timeout: deadline - now)
      while now < deadline, let (received, connection, sender) = try gateway.receive() {
        guard let delivery = received else { continue }
        if case .message(.goodbye) = delivery, let worker = coordinator.worker(on: connection) {
          present.remove(worker)
        }
        _ = try carryOut(
          try takeIn(delivery, from: connection, sender), interruptions: interruptions,
          administration: administration, recorded: recorded)
      }
    }
  }

  private var now: Instant { Instant(sinceStart: clock.now - start) }

  private func decide(
    _ request: AdministrationRequest, obstacle: String? = nil
  ) -> AdministrationDesk.Outcome {
    desk.decide(
      request, coordinator, at: now, commits: commitTimes.status,
      obstacle: obstacle ?? storage.obstacle,
      losses: storage.losses)
  }
}

// MARK: - Facts in

extension SweepLoop {
  /// Looks into a delivery only within its sender's quota.
  private mutating func takeIn(
    _ delivery: ControlGateway.Delivery, from connection: ConnectionID, _ sender: String
  ) throws -> [Effect] {
    guard coordinator.admits(weight: delivery.weight, on: connection, at: now) else { return [] }
    switch delivery {
    case .message(let message): return try takeIn(message, from: connection, sender)
    case .unreadable(let attempt, let reason):
      return coordinator.handle(
        .resultRejected(
          trial: attempt.trial, attempt: attempt.attempt, reason: reason, on: connection), at: now)
    }
  }

  private mutating func takeIn(
    _ message: WorkerMessage, from connection: ConnectionID, _ sender: String
  ) throws -> [Effect] {
    switch message {
    case .announcement(let announcement):
      // Claims of another sweep's trials are ignored.
      let isOurs = announcement.sweepID == facts.sweepID
      let effects = coordinator.handle(
        .workerAnnounced(
          WorkerAnnouncement(
            worker: WorkerID(announcement.worker),
            host: HostIdentity.text(name: announcement.host, id: announcement.hostID),
            slots: announcement.slotCount, divisibleCores: announcement.divisibleCoreCount,
            processor: announcement.processor,
            instructionSet: announcement.instructionSet, coreCount: announcement.coreCount,
            memoryByteCount: announcement.memoryByteCount,
            productVersion: announcement.productVersion,
            claims: isOurs ? claims(announcement.claims) : [], obstacle: announcement.obstacle),
          on: connection), at: now)
      // Only if the name is its own.
      if let worker = coordinator.worker(on: connection), worker.rawValue == announcement.worker {
        accounts.introduce(worker, as: sender)
        if isOurs { note(announcement.claims, of: worker) }
      }
      return effects
    case .heartbeat(let heartbeat):
      note(heartbeat.claims, of: coordinator.worker(on: connection))
      return coordinator.handle(
        .heartbeatReceived(
          claims: claims(heartbeat.claims), obstacle: heartbeat.obstacle, on: connection),
        at: now)
    case .reportReached(let reached):
      return coordinator.handle(
        facts.event(
          of: reached, running: coordinator.runningConfiguration(of: reached.attempt.trial),
          on: connection), at: now)
    case .trajectoryGrown(let grown):
      let (trial, attempt) = (grown.attempt.trial, grown.attempt.attempt)
      return coordinator.handle(
        facts.event(
          of: grown, running: coordinator.runningConfiguration(of: trial),
          handedIn: coordinator.handedIn(of: trial, by: attempt), on: connection), at: now)
    case .finished(let finished):
      return try takeIn(finished, from: connection)
    case .attemptFailed(let failed):
      return takeIn(failed, from: connection)
    case .logLines(let lines):
      if let worker = coordinator.keepsLogs(
        byteCount: LogFolder.byteCount(of: lines), on: connection, at: now)
      {
        logs.append(lines, of: worker)
      }
      return []
    case .goodbye(let reason):
      return coordinator.handle(.workerLeft(reason: reason, on: connection), at: now)
    }
  }

  private mutating func note(_ claims: [WorkerMessage.Claim], of worker: WorkerID?) {
    accounts.note(claims.map(\.attempt), of: worker, coordinator, at: now)
  }

  private func claims(_ claims: [WorkerMessage.Claim]) -> [AttemptClaim] {
    claims.map { AttemptClaim($0, checkpoints, of: coordinator) }
  }

  private mutating func takeIn(
    _ failed: WorkerMessage.AttemptFailed, from connection: ConnectionID
  ) -> [Effect] {
    let trial = failed.attempt.trial
    let cause = FailureCause(rawValue: failed.cause) ?? .exitCode
    let effects = coordinator.handle(
      .attemptFailed(
        trial: trial, attempt: failed.attempt.attempt,
        failure: TrialFailure(
          cause: cause, message: failed.message, divergence: failed.divergence),
        checkpoint: checkpoints.accepted(
          failed.checkpoint, of: trial, running: coordinator.runningIdentity(of: trial)),
        on: connection),
      at: now)
    // Only the worker that had the lease ends the attempt.
    if let log = failed.log?.digest,
      effects.records.contains(where: { $0.ends(failed.attempt.attempt, of: trial) })
    {
      logs.keep(log, of: trial, attempt: failed.attempt.attempt)
    }
    return effects
  }

  /// Accepts a result only if it fits its trial and all its artifacts are stored.
  private mutating func takeIn(
    _ finished: WorkerMessage.Finished, from connection: ConnectionID
  ) throws -> [Effect] {
    let trial = finished.attempt.trial
    let received: ReceivedResult
    do throws(ResultRejection) {
      received = try facts.accept(
        finished, for: trial, running: coordinator.runningConfiguration(of: trial),
        maker: coordinator.maker(on: connection))
      try provideTrajectory(of: received.result, finished.attempt)
    } catch {
      return coordinator.handle(
        .resultRejected(
          trial: trial, attempt: finished.attempt.attempt, reason: "\(error)", on: connection),
        at: now)
    }
    var missing: [Digest] = []
    for artifact in received.result.artifacts {
      guard let byteCount = blobs.byteCount(of: artifact.digest) else {
        missing.append(artifact.digest)
        continue
      }
      guard byteCount == artifact.byteCount else {
        let defect = ResultDefect(
          place: artifact.kind.rawValue, found: "\(artifact.byteCount) bytes",
          expected: "\(byteCount), as many as are stored")
        return coordinator.handle(
          .resultRejected(
            trial: trial, attempt: finished.attempt.attempt, reason: "\(defect)", on: connection),
          at: now)
      }
    }
    guard missing.isEmpty else {
      _ = try gateway.send(
        .artifactsWanted(finished.attempt, digests: missing), to: connection)
      return []
    }
    return coordinator.handle(
      .trialFinished(
        trial: trial, attempt: finished.attempt.attempt, result: received,
        checkpoint: checkpoints.accepted(
          finished.lastCheckpoint, of: trial, running: coordinator.runningIdentity(of: trial)),
        on: connection),
      at: now)
  }

  /// Assembles the trajectory file from the recorded pieces, if all are there.
  ///
  /// - Throws: ``ResultRejection`` if the pieces give another trajectory than the result.
  private func provideTrajectory(
    of result: TrialResult, _ attempt: AttemptKey
  ) throws(ResultRejection) {
    guard coordinator.hasPieces(of: attempt.trial),
      let file = result.artifacts.first(where: { $0.kind == .trajectory })
    else { return }
    let whole = TrajectoryPrefix(byteCount: file.byteCount, digest: file.digest)
    let assembly: TrajectoryAssembly?
    do throws(StoreError) {
      assembly = try store.trajectory(of: attempt.trial, whole, attempt: attempt.attempt)
    } catch {
      throw ResultRejection(
        place: file.kind.rawValue, found: "\(error)",
        expected: "the pieces that the attempt has sent")
    }
    guard let assembly else { return }
    if let byte = assembly.contradictedAt {
      throw ResultRejection(
        place: file.kind.rawValue,
        found: "a file that differs before byte \(byte) from the pieces that the attempt has sent",
        expected: "a file that begins with these pieces")
    }
    do {
      try blobs.insert(assembly.bytes)
    } catch {
      let name = facts.words(for: attempt.trial, isTyped: false)
      logger.warning("the trajectory of trial \(name) is not stored yet: \(error)")
    }
  }

  /// Prepares a longer run and tells the coordinator.
  private mutating func prepare(
    _ trial: TrialID, from shorter: TrialID, _ checkpoint: TrialCheckpoint
  ) throws -> [Effect] {
    do {
      guard let configuration = coordinator.runningConfiguration(of: trial),
        let result = try store.result(of: shorter)?.result
      else { throw LongerRun.Failure(description: "its result is missing") }
      let (checkpoint, trajectory) = try LongerRun(blobs: blobs).begin(
        configuration, from: result, checkpoint)
      return coordinator.handle(
        .extensionPrepared(trial: trial, checkpoint: checkpoint, trajectory: trajectory),
        at: now)
    } catch let failure as LongerRun.Failure {
      return coordinator.handle(
        .extensionFailed(trial: trial, reason: failure.description), at: now)
    }
  }
}

// MARK: - Effects out

extension SweepLoop {
  /// Commits the records of the effects, then carries out the rest in order.
  private mutating func carryOut(
    _ effects: [Effect], interruptions: Inbox<Interruption>,
    administration: AdministrationServer, recorded: () -> Void
  ) throws -> SweepEnding? {
    var ending: SweepEnding?
    let records = effects.records
    try commit(records, interruptions: interruptions, administration: administration)
    var further: [Effect] = []
    for effect in effects {
      switch effect {
      case .append(.resultRecorded(let trial, _, _, _, _)): checkpoints.forget(trial)
      case .append: continue
      case .send(let directive, let connection):
        if try send(directive, to: connection) == .unreachable {
          noteBroken(connection)
        }
      case .discardCheckpoint(let digest): remove(digest)
      case .prepareExtension(let trial, let shorter, let checkpoint):
        further += try prepare(trial, from: shorter, checkpoint)
      case .notify(let notice): tell(notice)
      case .finish(let end): ending = end
      }
    }
    if records.contains(where: \.showsInReports) { recorded() }
    guard !further.isEmpty else { return ending }
    return try carryOut(
      further, interruptions: interruptions, administration: administration, recorded: recorded)
      ?? ending
  }

  /// Removes a checkpoint that nobody needs; a failure is only logged.
  private func remove(_ digest: Digest) {
    do {
      try blobs.remove(digest)
    } catch {
      logger.warning("a checkpoint that is no longer needed stays for now: \(error)")
    }
  }

  /// Commits records.
  ///
  /// If the disk is full or the database is locked, it waits; meanwhile it answers administration
  /// requests and sends heartbeats.
  ///
  /// While it waits, nothing is leased, recorded or acknowledged. Workers continue training and
  /// keep their results.
  private mutating func commit(
    _ records: [JournalRecord], interruptions: Inbox<Interruption>,
    administration: AdministrationServer
  ) throws {
    var hold: RecordHold?
    while true {
      do throws(StoreError) {
        let began = ContinuousClock.now
        try store.append(records)
        commitTimes.note(ContinuousClock.now - began)
        if let hold { logger.notice("\(hold.end): the sweep continues") }
        accounts.note(records)
        return
      } catch {
        guard let found = RecordHold(error) else { throw error }
        let obstacle = found.obstacle
        if hold != found { logger.warning("\(obstacle)") }
        hold = found
        for connection in coordinator.connections {
          if try gateway.send(.heartbeat, to: connection) == .unreachable {
            noteBroken(connection)
          }
        }
        _ = try Poller.wait(
          for: [interruptions.pollItem, administration.calls.pollItem],
          timeout: Self.spaceInterval)
        for call in administration.calls.take() { answer(call, obstacle: obstacle) }
        guard interruptions.take().isEmpty else { throw StoppedWhileHeld(obstacle: error) }
      }
    }
  }

  private func answer(_ call: AdministrationServer.Call, obstacle: String) {
    switch decide(call.request, obstacle: obstacle) {
    case .answer(let reply): call.answer(reply)
    case .event: call.answer(AdministrationReply(error: obstacle))
    }
  }

  private mutating func tell(_ notice: Notice) {
    guard notices.allows(notice, at: now) else { return }
    logger.log(level: notice.isWarning ? .warning : .info, "\(notice.text(facts.words))")
  }

  private func send(
    _ directive: Directive, to connection: ConnectionID
  ) throws(MessagingError) -> SendOutcome {
    try gateway.send(facts.message(for: directive), to: connection)
  }

  private mutating func reportProgress() {
    display?.drawIfDue {
      guard case .answer(let reply) = decide(AdministrationRequest(.status)) else { return nil }
      return reply.status
    }
    var hint = hint
    let hintText = hint?.due(
      hasWorkers: { coordinator.workers.contains(where: \.isConnected) }, at: now)
    self.hint = hint
    if let hintText { logger.notice("\(hintText)") }
    guard now >= nextReport else { return }
    nextReport = now + Self.reportInterval
    if let summary = notices.summary() { logger.info("\(summary)") }
    guard display == nil else { return }
    let forecast = SweepStatus.Forecast(coordinator.forecast(at: now))
    logger.info(
      """
      \(SweepStatus.Counts(coordinator.counts).words); \
      \(coordinator.workers.count(where: \.isConnected)) workers\
      \(forecast.map { "; \($0.words)" } ?? "")
      """)
    for running in coordinator.runningTrials.prefix(8) {
      guard let progress = running.progress else { continue }
      logger.info(
        """
          \(running.trial) on \(running.host): step \(progress.step) of \(progress.totalSteps), \
        mse \((progress.mse * 100).rounded() / 100), \(progress.gatesOpen) open, \
        \(String(format: "%.0f", progress.stepsPerSecond)) steps/s
        """)
    }
  }
}
