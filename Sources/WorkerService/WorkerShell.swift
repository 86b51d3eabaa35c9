import Digests
import Files
import Foundation
import Logging
import Messaging
import Narrowing
import Primitives
import Synchronization
import Transfers
import Trials
import Wire

/// The worker's shell: owns the control socket, the trials' processes and the transfers, and
/// carries out what ``WorkerCore`` decides.
///
/// Training is in other processes and transfers on other threads and another connection, so
/// nothing here ever waits and no heartbeat is late.
struct WorkerShell: ~Copyable {
  /// The longest wait of a round; the core's times are whole seconds.
  private static let round = Duration.milliseconds(250)

  private var core: WorkerCore
  private let socket: DealerSocket
  private var watch: ConnectionWatch
  private let endpoint: Endpoint
  private let name: String
  private let slots: Int
  private let inbox: Inbox<WorkerEvent>
  private let folder: WorkerFolder
  private let cache: ImageCache
  private let downloads: TransferQueue
  private let uploads: TransferQueue
  private let executable: URL
  private let logger: Logger
  private let start = ContinuousClock.now
  private var processes: [TrialID: TrialProcess] = [:]
  /// What keeps the running trials' images in the cache.
  private var leases: [TrialID: FileLock] = [:]
  private var heartbeatCount: UInt64 = 0

  /// Opens the cache, takes over what dead workers of the host left, and begins to connect.
  init(
    _ options: Worker.Options, name: String, security: SocketSecurity,
    inbox: Inbox<WorkerEvent>, logger: Logger
  ) throws {
    let endpoint = try Endpoint(options.endpoint)
    let folder = try WorkerFolder(cache: options.cache, worker: name)
    let cache = try ImageCache(cache: options.cache, limit: options.cacheLimit)
    let executable = try Self.ownExecutable()
    let context = try Context()
    let socket = try DealerSocket(context, options: .control.with(security))
    let monitor = try socket.monitor()
    try socket.connect(to: endpoint.description)
    watch = ConnectionWatch(monitor, isEncrypted: security != .plain)
    self.endpoint = endpoint
    self.folder = folder
    self.cache = cache
    self.executable = executable
    self.socket = socket
    downloads = TransferQueue(context, security)
    uploads = TransferQueue(context, security)
    core = WorkerCore(
      slots: options.slots, exitsWhenIdle: options.exitsWhenIdle, patience: options.patience,
      held: folder.held, at: .zero)
    self.name = name
    slots = options.slots
    self.inbox = inbox
    self.logger = logger
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

  /// Runs until the core says how it ends.
  mutating func run() throws(MessagingError) -> WorkerEnding {
    while true {
      _ = try Poller.wait(
        for: [socket.pollItem(), inbox.pollItem], timeout: Self.round)
      var effects: [WorkerEffect] = []
      while let frames = try socket.receive() {
        guard let event = event(from: frames) else { continue }
        effects += core.handle(event, at: now)
      }
      for event in inbox.take() {
        forgetProcess(after: event)
        effects += core.handle(event, at: now)
      }
      for trouble in try watch.attend(to: socket, at: endpoint.description, now: now) {
        logger.warning("\(trouble)")
      }
      effects += core.handle(.clockTicked, at: now)
      for effect in effects {
        if let ending = try carryOut(effect) { return close(ending) }
      }
    }
  }

  private mutating func forgetProcess(after event: WorkerEvent) {
    switch event {
    case .trialFinished(let trial, _), .trialFailed(let trial, _):
      processes[trial] = nil
      leases[trial] = nil
    default: return
    }
  }

  private mutating func close(_ ending: WorkerEnding) -> WorkerEnding {
    for process in processes.values { process.kill() }
    folder.removeIfEmpty()
    logger.notice("worker \(name) ends")
    return ending
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
      downloads.connect(to: data)
      uploads.connect(to: data)
      return .welcomed(
        sweep: welcome.sweepID, heartbeatInterval: welcome.heartbeatInterval,
        lostAfter: welcome.lostAfter)
    case .heartbeat: return .coordinatorBeat
    case .assignment(let assignment): return event(from: assignment)
    case .acknowledgement(let key):
      return .acknowledged(trial: TrialID(rawValue: key.trial), attempt: key.attempt)
    case .abandon(let key, let reason):
      return .abandoned(trial: TrialID(rawValue: key.trial), attempt: key.attempt, reason: reason)
    case .announceAgain: return .announcementRequested
    case .shutDown(let reason): return .sweepEnded(reason: reason)
    case .refusal(let reason, let remedy): return .refused(reason: "\(reason); \(remedy)")
    case .drain(let reason): return .stopRequested(reason: reason)
    case .artifactsWanted(let key, _):
      return .artifactsWanted(trial: TrialID(rawValue: key.trial))
    }
  }

  private func event(from assignment: CoordinatorMessage.Assignment) -> WorkerEvent? {
    guard let sweep = core.sweep else { return nil }
    let trial = TrialID(rawValue: assignment.attempt.trial)
    do {
      let configuration = try CanonicalJSON.decode(
        TrialConfiguration.self, from: Data(assignment.configurationJSON))
      try configuration.validate()
      return .assigned(
        WorkOrder(
          sweep: sweep, trial: trial, attempt: assignment.attempt.attempt,
          configuration: configuration, images: assignment.images,
          imagesByteCount: assignment.imagesByteCount))
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
          .init(sequence: heartbeatCount, claims: claims.map(WorkerMessage.Claim.init))))
    case .sendResult(let trial, let attempt, let result):
      tell(
        .finished(
          .init(
            attempt: AttemptKey(trial: trial.rawValue, attempt: attempt),
            resultJSON: Array(CanonicalJSON.data(result)),
            contentDigest: result.contentDigest)))
    case .sendFailure(let trial, let attempt, let failure):
      tell(
        .attemptFailed(
          .init(
            attempt: AttemptKey(trial: trial.rawValue, attempt: attempt),
            cause: failure.cause.rawValue, message: failure.message)))
    case .sayGoodbye(let reason): tell(.goodbye(reason: reason))
    case .fetchImages(let order): fetchImages(order)
    case .startTrial(let order): startTrial(order)
    case .stopTrial(let trial): processes[trial]?.stop()
    case .upload(let trial, let artifacts): upload(artifacts, of: trial)
    case .discard(let trial): folder.discard(trial)
    case .notify(let text): logger.info("\(text)")
    case .exit(let ending): return ending
    }
    return nil
  }

  /// Sends a message; one that finds no connection is lost, and the core says it again.
  private func tell(_ message: WorkerMessage) {
    do {
      _ = try socket.send(try message.frames())
    } catch {
      logger.warning("message not sent: \(error)")
    }
  }

  private func announcement(_ claims: [WorkClaim]) -> WorkerMessage.Announcement {
    WorkerMessage.Announcement(
      productVersion: ProductVersion.current, worker: name, host: Host.name,
      processor: Host.processor, instructionSet: InstructionSet.effective.rawValue,
      coreCount: Host.coreCount, memoryByteCount: Host.memoryByteCount, slotCount: slots,
      sweepID: core.sweep,
      claims: claims.map(WorkerMessage.Claim.init))
  }

  private func fetchImages(_ order: WorkOrder) {
    downloads.perform { [cache, inbox] connection in
      do {
        try cache.provide(order.images, byteCount: order.imagesByteCount) { url in
          try connection.use { client, cancellation in
            try client.fetch(
              order.images, byteCount: order.imagesByteCount, to: url, cancellation: cancellation)
          }
        }
        inbox.put(.imagesReady(trial: order.trial))
      } catch {
        inbox.put(
          .imagesFailed(
            trial: order.trial,
            TrialFailure(cause: .lost, message: "images \(order.images): \(error)")))
      }
    }
  }

  private mutating func startTrial(_ order: WorkOrder) {
    do {
      leases[order.trial] = try cache.use(order.images)
      let folder = try folder.prepare(order)
      logger.info("trial \(order.trial) starts, attempt \(order.attempt)")
      processes[order.trial] = try TrialProcess(
        executable: executable, folder: folder, images: cache.url(for: order.images)
      ) { [inbox] report in
        switch report {
        case .progressed(let progress):
          inbox.put(.trialProgressed(trial: order.trial, progress))
        case .finished(let result): inbox.put(.trialFinished(trial: order.trial, result))
        case .failed(let failure): inbox.put(.trialFailed(trial: order.trial, failure))
        }
      }
    } catch {
      // Not being able to start a process is the host's trouble, never the trial's.
      let isDiskFull = (error as? FileError)?.isDiskFull ?? false
      inbox.put(
        .trialFailed(
          trial: order.trial,
          TrialFailure(cause: isDiskFull ? .diskFull : .stopped, message: "not started: \(error)")))
    }
  }

  private func upload(_ artifacts: [Artifact], of trial: TrialID) {
    let files = artifacts.compactMap { artifact in
      folder.url(of: artifact, trial: trial).map { (artifact, $0) }
    }
    uploads.perform { [inbox] connection in
      do {
        try connection.use { client, cancellation in
          for (artifact, url) in files {
            try client.upload(url, digest: artifact.digest, cancellation: cancellation)
          }
        }
        inbox.put(.artifactsUploaded(trial: trial))
      } catch {
        inbox.put(.uploadFailed(trial: trial, reason: "\(error)"))
      }
    }
  }
}

extension WorkerMessage.Claim {
  fileprivate init(_ claim: WorkClaim) {
    self.init(
      attempt: AttemptKey(trial: claim.trial.rawValue, attempt: claim.attempt),
      progress: claim.progress.map {
        .init(
          step: $0.step, totalSteps: $0.totalSteps, mse: $0.mse, gatesOpen: $0.gatesOpen,
          multiplier: $0.multiplier, stepsPerSecond: $0.stepsPerSecond)
      })
  }
}
