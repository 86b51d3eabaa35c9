import Digests
import Doctor
import Files
import Foundation
import Logging
import Messaging
import Narrowing
import Primitives
import Supervision
import Synchronization
import Transfers
import Trials
import Wire

/// The worker's shell; it owns the control socket, the trials' processes and the transfers, and
/// carries out the effects of ``WorkerCore``.
///
/// Trials run in other processes, and transfers on other threads and another connection, so nothing
/// here blocks and heartbeats are on time.
struct WorkerShell: ~Copyable {
  /// Interval of log messages to the coordinator; also the longest wait of a round.
  private static let logInterval = Duration.seconds(1)
  /// How long the last messages may take to be sent before the worker exits.
  private static let farewellLimit = Duration.seconds(3)
  /// Interval between measurements of the cache's free space.
  private static let diskInterval = Duration.seconds(10)
  /// Interval between checks that the cache exists.
  private static let cacheInterval = Duration.seconds(1)

  private var core: WorkerCore
  private let socket: DealerSocket
  private var watch: ConnectionWatch
  private let endpoint: Endpoint
  private let name: String
  private let slots: Int
  private let inbox: Inbox<WorkerEvent>
  private let bench: TrialBench
  private let logger: Logger
  private let log: LogForwarder
  private let start = ContinuousClock.now
  private var nextLog = Duration.zero
  private var nextDiskMeasurement = Duration.zero
  private var nextCacheInspection = Duration.zero
  private var heartbeatCount: UInt64 = 0

  /// Opens the cache, adopts the files of dead workers of this host, and starts to connect.
  init(
    _ options: Worker.Options, name: String, security: SocketSecurity,
    inbox: Inbox<WorkerEvent>, logger: Logger, log: LogForwarder
  ) throws {
    let endpoint = try Endpoint(connectingTo: options.endpoint)
    let folder = try WorkerFolder(cache: options.cache, worker: name)
    for (file, reason) in folder.unreadable {
      logger.warning(
        "a result that a dead worker left cannot be read: \(reason); it is \(file.path)")
    }
    let bench = TrialBench(
      folder: folder, images: try ImageCache(cache: options.cache, limit: options.cacheLimit),
      executable: try Self.ownExecutable(), context: try Context(), security: security,
      inbox: inbox, checkpointInterval: options.checkpointInterval)
    var control = SocketOptions.control.with(security)
    control.linger = Self.farewellLimit
    // A separate context, since the threads of the transfers keep theirs until the process ends.
    let socket = try DealerSocket(try Context(), options: control)
    let monitor = try socket.monitor()
    try socket.connect(to: endpoint.description)
    watch = ConnectionWatch(monitor, isEncrypted: security != .plain)
    self.endpoint = endpoint
    self.bench = bench
    self.socket = socket
    core = WorkerCore(
      slots: options.slots, cores: options.cores, exitsWhenIdle: options.exitsWhenIdle,
      patience: options.patience,
      drainGrace: options.drainGrace, held: folder.held, at: .zero)
    self.name = name
    slots = options.slots
    self.inbox = inbox
    self.logger = logger
    self.log = log
    logger.notice(
      """
      worker \(name) with \(slots) \(slots == 1 ? "slot" : "slots") connects to \(endpoint)
      """)
  }

  /// The running executable, which is also that of the trials' processes.
  private static func ownExecutable() throws -> URL {
    URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
  }

  private var now: Duration { ContinuousClock.now - start }

  /// Runs until the core exits, then waits until the last messages are sent, for at most
  /// ``farewellLimit``.
  consuming func run() throws(MessagingError) -> WorkerEnding {
    while true {
      _ = try Poller.wait(
        for: [socket.pollItem(), watch.pollItem, inbox.pollItem],
        timeout: max(.zero, min(core.nextDeadline - now, Self.logInterval)))
      var effects: [WorkerEffect] = []
      // Handle connection events before messages, so that an answer on a new connection is not
      // mistaken for an old one.
      for trouble in try watch.attend(to: socket, at: endpoint.description, now: now) {
        logger.warning("\(trouble)")
      }
      if watch.takeNewConnection() { effects += core.handle(.connected, at: now) }
      while let frames = try socket.receive() {
        guard let event = event(from: frames) else { continue }
        effects += core.handle(event, at: now)
      }
      for event in inbox.take() {
        bench.note(event)
        effects += core.handle(event, at: now)
      }
      effects += inspectCache() + measureDisk() + core.handle(.clockTicked, at: now)
      for effect in effects {
        if let ending = try carryOut(effect) { return ending }
      }
      if now >= nextLog, core.isJoined { sendLog() }
    }
  }

  private mutating func inspectCache() -> [WorkerEffect] {
    guard now >= nextCacheInspection else { return [] }
    nextCacheInspection = now + Self.cacheInterval
    let finding = bench.inspectFolder()
    if finding.isMadeAnew {
      logger.warning("\(bench.path): it was removed from the cache and has been recreated")
    }
    var effects: [WorkerEffect] = []
    for id in finding.lost { effects += core.handle(.folderLost(id), at: now) }
    return effects + core.handle(.cacheChecked(trouble: finding.trouble), at: now)
  }

  private mutating func measureDisk() -> [WorkerEffect] {
    guard now >= nextDiskMeasurement, let free = bench.freeByteCount else { return [] }
    nextDiskMeasurement = now + Self.diskInterval
    return core.handle(.diskMeasured(freeByteCount: free), at: now)
  }
}

// MARK: - Facts in

extension WorkerShell {
  private func event(from frames: [[UInt8]]) -> WorkerEvent? {
    do throws(WireError) {
      return event(from: try CoordinatorMessage(frames: frames))
    } catch {
      logger.warning("message dropped: \(error)")
      return nil
    }
  }

  private func event(from message: CoordinatorMessage) -> WorkerEvent? {
    switch message {
    case .welcome(let welcome):
      let data = dataEndpoint(welcome.dataLocation)
      bench.connect(to: data)
      return .welcomed(
        sweep: welcome.sweepID, heartbeatInterval: welcome.heartbeatInterval,
        lostAfter: welcome.lostAfter)
    case .heartbeat: return .coordinatorBeat
    case .assignment(let assignment): return event(from: assignment)
    case .acknowledgement(let key):
      return .acknowledged(trial: key.trial, attempt: key.attempt)
    case .abandon(let key, let reason):
      return .abandoned(trial: key.trial, attempt: key.attempt, reason: reason)
    case .announceAgain: return .announcementRequested
    case .shutDown(let reason): return .sweepEnded(reason: reason)
    case .refusal(let reason, let remedy): return .refused(reason: "\(reason); \(remedy)")
    case .drain(let reason): return .drainRequested(reason: reason)
    case .threadsAssigned(let key, let threads):
      return .threadsAssigned(trial: key.trial, attempt: key.attempt, threads: threads)
    case .reportTaken(let key, let index):
      return .reportTaken(trial: key.trial, attempt: key.attempt, index: index)
    case .pieceTaken(let key, let byteCount):
      return .pieceTaken(trial: key.trial, attempt: key.attempt, byteCount: byteCount)
    case .trajectoryUnknown(let key, let byteCount):
      return .trajectoryUnknown(trial: key.trial, attempt: key.attempt, byteCount: byteCount)
    case .artifactsWanted(let key, let digests):
      return .artifactsWanted(trial: key.trial, digests: digests)
    }
  }

  private func event(from assignment: CoordinatorMessage.Assignment) -> WorkerEvent? {
    guard let sweep = core.sweep else { return nil }
    let trial = assignment.attempt.trial
    do {
      let configuration = try CanonicalJSON.decode(
        TrialConfiguration.self, from: Data(assignment.configurationJSON))
      try configuration.validate()
      return .assigned(
        Assignment(
          sweep: sweep, trial: trial, attempt: assignment.attempt.attempt,
          configuration: configuration, images: assignment.images,
          imagesByteCount: assignment.imagesByteCount,
          checkpoints: assignment.checkpoints,
          stallTimeout: assignment.stallTimeout ?? Assignment.standardStallTimeout,
          voidThrough: assignment.voidThrough, distrustedThrough: assignment.distrustedThrough,
          wantsLastCheckpoint: assignment.wantsLastCheckpoint, threads: assignment.threads))
    } catch {
      let failure = TrialFailure(
        cause: .refused,
        message: "the configuration is not understood here: \(CanonicalJSON.describe(error))")
      tell(
        .attemptFailed(
          .init(
            attempt: assignment.attempt, cause: failure.cause.rawValue,
            message: failure.message)))
      return nil
    }
  }

  private func dataEndpoint(_ location: CoordinatorMessage.DataLocation) -> String {
    switch location {
    case .endpoint(let endpoint): endpoint
    case .port(let port): endpoint.with(port: port)?.description ?? endpoint.description
    }
  }
}

// MARK: - Effects out

extension WorkerShell {
  private mutating func carryOut(
    _ effect: WorkerEffect
  ) throws(MessagingError) -> WorkerEnding? {
    switch effect {
    case .announce(let claims): tell(.announcement(announcement(claims)))
    case .beat(let claims):
      heartbeatCount += 1
      tell(
        .heartbeat(
          .init(
            sequence: heartbeatCount, claims: claims.map(WorkerMessage.Claim.init),
            obstacle: core.obstacle)))
    case .sendResult(let trial, let attempt, let result):
      tell(
        .finished(
          .init(
            attempt: AttemptKey(trial: trial, attempt: attempt),
            result: result.bytes, lastCheckpoint: result.lastCheckpoint?.checkpoint)))
    case .sendReport(let trial, let attempt, let index, let report):
      tell(
        .reportReached(
          .init(
            attempt: AttemptKey(trial: trial, attempt: attempt), index: index, report: report)))
    case .readPiece(let id, let start, let fileBegins, let byteCount):
      bench.readPiece(id, after: start, fileBegins: fileBegins, byteCount: byteCount)
    case .sendPiece(let trial, let attempt, let piece):
      tell(
        .trajectoryGrown(
          .init(
            attempt: AttemptKey(trial: trial, attempt: attempt), start: piece.start,
            payload: piece.payload, endDigest: piece.end.prefix.digest)))
    case .sendFailure(let trial, let attempt, let failure, let left):
      tell(
        .attemptFailed(
          .init(
            attempt: AttemptKey(trial: trial, attempt: attempt),
            cause: failure.cause.rawValue, message: failure.message,
            checkpoint: left.checkpoint,
            log: left.log.map { StoredBlob(digest: $0.digest, byteCount: $0.byteCount) },
            divergence: failure.divergence)))
    case .sayGoodbye(let reason):
      sendLog()
      tell(.goodbye(reason: reason))
    case .fetchImages(let id, let assignment): bench.fetchImages(id, assignment)
    case .fetchCheckpoint(let id, let assignment): bench.fetchCheckpoint(id, assignment)
    case .startTrial(let id, let assignment, let checkpoint, let threads):
      logger.info("trial \(assignment.trial) starts, attempt \(assignment.attempt)")
      bench.start(id, assignment, from: checkpoint, threads: threads)
    case .restartTrial(let id, let assignment, let checkpoint, let threads):
      bench.restart(id, assignment, from: checkpoint, threads: threads)
    case .drainTrial(let id): bench.drain(id)
    case .killTrial(let id): bench.kill(id)
    case .uploadCheckpoint(let id, let written): bench.upload(written, of: id)
    case .handBack(let id, let written): bench.handBack(id, checkpoint: written)
    case .upload(let id, let result): bench.upload(result, of: id)
    case .discard(let id): bench.discard(id)
    case .notify(let text): logger.info("\(text)")
    case .exit(let ending):
      bench.close(keepsCheckpoints: ending != .sweepEnded)
      sendLog()
      return ending
    }
    return nil
  }

  /// Sends a message; without a connection it is lost, and the core repeats it.
  ///
  /// - Returns: Nil when the message cannot be sent at all.
  @discardableResult
  private func tell(_ message: WorkerMessage) -> SendOutcome? {
    do {
      return try socket.send(try message.frames())
    } catch {
      logger.warning("message not sent: \(error)")
      return nil
    }
  }

  private func announcement(_ claims: [AttemptClaim]) -> WorkerMessage.Announcement {
    WorkerMessage.Announcement(
      productVersion: ProductVersion.current, worker: name, host: Host.name, hostID: HostID.current,
      processor: Host.processor, instructionSet: InstructionSet.effective.rawValue,
      coreCount: UsableCores.count, memoryByteCount: Host.memoryByteCount, slotCount: slots,
      divisibleCoreCount: core.cores.divisibleCount, sweepID: core.sweep,
      claims: claims.map(WorkerMessage.Claim.init), obstacle: core.obstacle)
  }

  /// Sends buffered log lines, if there is a connection.
  private mutating func sendLog() {
    nextLog = now + Self.logInterval
    log.pass { lines, leftOutCount in
      tell(.logLines(.init(lines: lines, leftOutCount: leftOutCount))) != .full
    }
  }
}

extension WorkerMessage.Claim {
  fileprivate init(_ claim: AttemptClaim) {
    self.init(
      attempt: AttemptKey(trial: claim.trial, attempt: claim.attempt),
      progress: claim.progress, checkpoint: claim.checkpoint,
      refusedCheckpoints: claim.refusedCheckpoints, threads: claim.threads)
  }
}
