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

/// The coordinator's shell: takes facts from the socket, the clock and the signals, hands them to
/// the pure ``Coordinator`` and carries out its effects.
///
/// One round takes in all that has arrived, commits all records of the round in one transaction,
/// and only then sends. So nothing leaves this process before what it rests on is durable, and
/// many results share one disk write.
struct SweepLoop: ~Copyable {
  /// What people asked for while the sweep ran.
  enum Interruption: Sendable {
    /// Leave; remote workers train on.
    case detach
    /// Stop every trial everywhere.
    case stop
  }

  /// How the loop ended.
  enum Ending {
    case finished(SweepEnding)
    case detached
  }

  /// At most this many messages are taken in before the round's effects are carried out.
  private static let messagesPerRound = 4096
  /// How long local workers may take to hand their trials back when the coordinator leaves.
  private static let leavingGrace = Duration.seconds(10)
  /// How often people are told how far the sweep is.
  private static let reportInterval = Duration.seconds(15)

  private var coordinator: Coordinator
  private var gateway: ControlGateway
  private let facts: SweepFacts
  private let store: SweepStore
  private let blobs: BlobStore
  private let logger: Logger
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var nextReport: Instant

  /// A loop over a coordinator that has replayed the journal and not yet resumed.
  init(
    coordinator: Coordinator, gateway: consuming ControlGateway, facts: SweepFacts,
    store: SweepStore, blobs: BlobStore, logger: Logger
  ) {
    self.coordinator = coordinator
    self.gateway = gateway
    self.facts = facts
    self.store = store
    self.blobs = blobs
    self.logger = logger
    start = clock.now
    nextReport = Instant(sinceStart: Self.reportInterval)
  }

  /// Runs until the sweep ends or somebody interrupts it.
  ///
  /// - Parameters:
  ///   - interruptions: What people ask for; looked at in every round.
  ///   - localWorkers: The workers that end with this run.
  ///   - recorded: Called after each commit that recorded a result or an end.
  /// - Throws: `StoreError` or `MessagingError`; nothing that was not durable has been sent.
  mutating func run(
    interruptions: Inbox<Interruption>, localWorkers: LocalWorkers?, recorded: () -> Void
  ) throws -> Ending {
    var leaveBy: Instant?
    var effects = coordinator.resume(at: now)
    while true {
      if let ending = try carryOut(effects, recorded: recorded) { return .finished(ending) }
      effects = []
      let timeout = min(
        coordinator.nextDeadline.map { $0 - now } ?? .seconds(1), .seconds(1))
      _ = try Poller.wait(
        for: [gateway.pollItem, interruptions.pollItem], timeout: max(timeout, .zero))
      for interruption in interruptions.take() {
        switch interruption {
        case .detach:
          logger.notice(
            """
            leaving: local workers hand their trials back, remote ones train on; the same \
            command resumes the sweep (Ctrl-C again stops remote trials too)
            """)
          localWorkers?.stop()
          leaveBy = now + Self.leavingGrace
        case .stop:
          effects += coordinator.handle(.stopRequested(reason: "by a person"), at: now)
        }
      }
      for _ in 0..<Self.messagesPerRound {
        guard let (message, connection) = try gateway.receive() else { break }
        effects += try takeIn(message, from: connection)
      }
      for (connection, reason) in try gateway.takeDismissals() {
        effects += coordinator.handle(.workerLeft(reason: reason, on: connection), at: now)
      }
      effects += coordinator.handle(.clockTicked, at: now)
      reportProgress()
      if let leaveBy, effects.isEmpty, now >= leaveBy || (localWorkers?.liveCount ?? 0) == 0 {
        return .detached
      }
      if leaveBy == nil, facts.hasLocalWorkersOnly, localWorkers?.liveCount == 0 {
        throw RunError.localWorkersEnded
      }
    }
  }

  private var now: Instant { Instant(sinceStart: clock.now - start) }
}

// MARK: - Facts in

extension SweepLoop {
  private mutating func takeIn(
    _ message: WorkerMessage, from connection: ConnectionID
  ) throws -> [Effect] {
    switch message {
    case .announcement(let announcement):
      // Claims of another sweep's trials mean nothing here.
      let isOurs = announcement.sweepID == facts.sweepID
      return coordinator.handle(
        .workerAnnounced(
          WorkerAnnouncement(
            worker: WorkerID(announcement.worker), host: announcement.host,
            slots: announcement.slotCount, processor: announcement.processor,
            instructionSet: announcement.instructionSet, coreCount: announcement.coreCount,
            memoryByteCount: announcement.memoryByteCount,
            claims: isOurs ? announcement.claims.map(Claim.init) : []),
          on: connection), at: now)
    case .heartbeat(let heartbeat):
      return coordinator.handle(
        .heartbeatReceived(claims: heartbeat.claims.map(Claim.init), on: connection), at: now)
    case .finished(let finished):
      return try takeIn(finished, from: connection)
    case .attemptFailed(let failed):
      let cause = FailureCause(rawValue: failed.cause) ?? .exitCode
      return coordinator.handle(
        .attemptFailed(
          trial: TrialID(rawValue: failed.attempt.trial), attempt: failed.attempt.attempt,
          failure: TrialFailure(cause: cause, message: failed.message), checkpoint: nil,
          on: connection),
        at: now)
    case .logLines: return []
    case .goodbye(let reason):
      return coordinator.handle(.workerLeft(reason: reason, on: connection), at: now)
    }
  }

  /// A result counts only when it answers its trial and all its artifacts are here.
  private mutating func takeIn(
    _ finished: WorkerMessage.Finished, from connection: ConnectionID
  ) throws -> [Effect] {
    let trial = TrialID(rawValue: finished.attempt.trial)
    let result: TrialResult
    do throws(ResultRejection) {
      result = try facts.accept(finished, for: trial)
    } catch {
      return coordinator.handle(
        .resultRejected(
          trial: trial, attempt: finished.attempt.attempt, reason: "\(error)", on: connection),
        at: now)
    }
    let missing = result.artifacts.map(\.digest).filter { !blobs.contains($0) }
    guard missing.isEmpty else {
      _ = try gateway.send(
        .artifactsWanted(finished.attempt, digests: missing), to: connection)
      return []
    }
    return coordinator.handle(
      .trialFinished(
        trial: trial, attempt: finished.attempt.attempt, result: result, on: connection),
      at: now)
  }
}

// MARK: - Effects out

extension SweepLoop {
  /// Commits the records of the effects, then carries out the rest in order.
  private mutating func carryOut(
    _ effects: [Effect], recorded: () -> Void
  ) throws -> SweepEnding? {
    var effects = effects
    var ending: SweepEnding?
    // A send that finds its connection gone is itself a fact, with effects of its own.
    while !effects.isEmpty {
      let records = effects.compactMap { effect -> JournalRecord? in
        if case .append(let record) = effect { record } else { nil }
      }
      try store.append(records)
      var consequences: [Effect] = []
      for effect in effects {
        switch effect {
        case .append: continue
        case .send(let directive, let connection):
          if try send(directive, to: connection) == .unreachable {
            consequences += coordinator.handle(.connectionLost(connection), at: now)
          }
        case .discardCheckpoint(let digest): try blobs.remove(digest)
        case .notify(let notice):
          logger.log(level: notice.isWarning ? .warning : .info, "\(notice.text)")
        case .finish(let end): ending = end
        }
      }
      if records.contains(where: \.endsTrial) { recorded() }
      effects = consequences
    }
    return ending
  }

  private func send(
    _ directive: Directive, to connection: ConnectionID
  ) throws(MessagingError) -> SendOutcome {
    try gateway.send(facts.message(for: directive), to: connection)
  }

  private mutating func reportProgress() {
    guard now >= nextReport else { return }
    nextReport = now + Self.reportInterval
    let counts = coordinator.counts
    logger.info(
      """
      \(counts.complete) of \(counts.total) trials complete, \(counts.running) running, \
      \(counts.waiting) waiting, \(counts.failed) failed; \
      \(coordinator.workers.count(where: \.isConnected)) workers
      """)
    for running in coordinator.runningTrials.prefix(8) {
      guard let progress = running.progress else { continue }
      logger.info(
        """
          \(running.trial) on \(running.host): step \(progress.step) of \(progress.totalSteps), \
        mse \((progress.mse * 100).rounded() / 100), \(progress.gatesOpen) open, \
        \(Int(progress.stepsPerSecond)) steps/s
        """)
    }
  }
}

extension JournalRecord {
  /// Whether the record changes what reports show of a trial's end.
  fileprivate var endsTrial: Bool {
    switch self {
    case .resultRecorded, .trialFailed, .trialStopped: true
    case .imagesPinned, .trialLeased, .trialDuplicated, .checkpointRecorded, .attemptEnded,
      .trialRetried, .hostDrained, .hostUndrained, .stagePaused, .stageResumed:
      false
    }
  }
}
