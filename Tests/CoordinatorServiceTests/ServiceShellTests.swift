import Coordination
import Digests
import Foundation
import Logging
import Messaging
import Store
import TestSupport
import Testing
import Transfers
import Trials
import Wire

@testable import CoordinatorService

/// The shells around the coordinator in this process, with a worker that does what a test says.
@Suite("The service around the coordinator", .serialized)
struct ServiceShellTests {
  private let folder: TemporaryFolder
  private let trial = PlannedTrial(
    stage: "main", replicate: 0, configuration: Samples.configuration)

  init() throws { folder = try TemporaryFolder() }

  private struct Silence: Error {}

  /// A worker's side of the connection.
  private final class FakeWorker {
    private let socket: DealerSocket
    private let endpoint: String
    /// Asks the loop to end.
    let interruptions: Inbox<SweepLoop.Interruption>

    init(_ endpoint: String, _ interruptions: Inbox<SweepLoop.Interruption>) throws {
      socket = try DealerSocket(try Context())
      self.interruptions = interruptions
      self.endpoint = endpoint
      try socket.connect(to: endpoint)
    }

    /// Another peer on a connection of its own.
    func another() throws -> FakeWorker { try FakeWorker(endpoint, interruptions) }

    /// Sends frames, once there is a connection.
    func send(_ frames: [[UInt8]], patience: Duration = .seconds(60)) throws {
      let deadline = ContinuousClock.now + patience
      while try socket.send(frames) != .sent {
        guard ContinuousClock.now < deadline else { throw Silence() }
        usleep(1000)
      }
    }

    func send(_ message: WorkerMessage, patience: Duration = .seconds(60)) throws {
      try send(try message.frames(), patience: patience)
    }

    func announce(as name: String = "fake", from host: String = "here") throws {
      try send(
        .announcement(
          .init(
            productVersion: ProductVersion.current, worker: name, host: host,
            processor: "none", instructionSet: "avx2", coreCount: 1, memoryByteCount: 1 << 30,
            slotCount: 1, claims: [])))
    }

    /// The next message that is of interest; others are passed over.
    func expect<Value>(_ pick: (CoordinatorMessage) -> Value?) throws -> Value {
      let deadline = ContinuousClock.now + .seconds(60)
      while ContinuousClock.now < deadline {
        guard let frames = try socket.receive() else {
          _ = try Poller.wait(for: [socket.pollItem()], timeout: .milliseconds(100))
          continue
        }
        if let value = pick(try CoordinatorMessage(frames: frames)) { return value }
      }
      throw Silence()
    }

    /// Waits for a message.
    func await(_ awaited: CoordinatorMessage) throws {
      _ = try expect { $0 == awaited ? true : nil }
    }

    /// The attempt that is assigned next.
    func assignment() throws -> AttemptKey {
      try expect { message -> AttemptKey? in
        if case .assignment(let assignment) = message { assignment.attempt } else { nil }
      }
    }
  }

  private var plan: SweepPlan {
    SweepPlan(name: "shell", question: "Does it hold?", outputs: [], trials: [trial])
  }

  private static func journal(_ folder: URL) throws -> [JournalRecord] {
    try SweepReader.open(directory: folder).history().map(\.record)
  }

  /// Runs a sweep of one trial to its end while a worker does what it is to.
  private func run(
    _ body: @escaping @Sendable (FakeWorker, BlobStore) throws -> Void
  ) throws -> SweepLoop.Ending {
    let logger = Logger(label: "test")
    let store = try SweepStore.open(
      directory: folder.url, plan: plan, sweepText: "sweep: shell\n")
    let images = SweepFacts.PinnedImages(
      digest: Digest.of("images"), byteCount: 6, url: folder.file("images"), trainingCount: 100,
      evaluationCount: 10)
    let pin = JournalRecord.imagesPinned(dataset: .sprites28, digest: images.digest)
    try store.append([pin])
    var coordinator = Coordinator(plan: plan.trials, settings: CoordinationSettings())
    try coordinator.replay(pin)
    let context = try Context()
    let local = try Endpoint("tcp://127.0.0.1:*")
    let access = try CoordinatorAccess(
      context, endpoint: local, options: .init(keys: nil, isPlain: true, isEncrypted: false),
      logger: logger)
    defer { access.close() }
    let gateway = try ControlGateway(context, endpoint: local, access: access, logger: logger)
    let endpoint = "\(gateway.boundEndpoint)"
    let blobs = try BlobStore(folder: folder.file("blobs"))
    let server = try BlobServer(context, endpoint: "tcp://127.0.0.1:*", store: blobs)
    defer { server.stop() }
    let administration = try AdministrationServer(folder: folder.url)
    defer { administration.stop() }
    let interruptions = try Inbox<SweepLoop.Interruption>()
    var loop = SweepLoop(
      coordinator: coordinator, gateway: gateway,
      facts: SweepFacts(
        sweepID: try store.identity(), plan: plan, dataPort: 1, hasLocalWorkersOnly: false,
        images: [.sprites28: images]),
      store: store, blobs: blobs,
      logs: LogFolder(folder: folder.file("logs"), blobs: blobs, logger: logger),
      accounts: BlobAccounts(
        BlobLedger(byteCountPerTrial: 1 << 20), blobs: blobs, store: store, logger: logger),
      storage: StorageWatch(store: store, blobs: blobs, server: server, logger: logger),
      desk: AdministrationDesk(plan: plan, folder: folder.url.path, endpoint: endpoint),
      display: nil, hint: nil, logger: logger)
    let worker = BackgroundTask {
      do {
        try body(try FakeWorker(endpoint, interruptions), blobs)
      } catch {
        // So that the loop ends, too.
        interruptions.put(.stop)
        interruptions.put(.detach)
        throw error
      }
    }
    let ending = try loop.run(
      interruptions: interruptions, administration: administration, localWorkers: nil,
      recorded: {})
    try worker.value()
    try store.close()
    return ending
  }

  /// The bytes of a result whose files are stored.
  private static func result(in blobs: BlobStore) throws -> [UInt8] {
    var result = Samples.result
    result.artifacts = try ArtifactKind.allCases.map { kind in
      let bytes = Array(kind.rawValue.utf8)
      return Artifact(kind: kind, digest: try blobs.insert(bytes), byteCount: bytes.count)
    }
    return ReceivedResult(result).bytes
  }

  @Test("records are durable before messages are sent, and a sweep runs to its end")
  func complete() throws {
    let (folder, trial) = (folder.url, trial.id)
    let ending = try run { worker, blobs in
      try worker.announce()
      let attempt = try worker.assignment()
      #expect(try Self.journal(folder).last?.trial == trial)
      let result = try Self.result(in: blobs)
      // Without one of its files it counts for nothing.
      let model = Digest.of("model")
      var incomplete = Samples.result
      incomplete.artifacts = try ArtifactKind.allCases.map { kind in
        kind == .model
          ? Artifact(kind: kind, digest: model, byteCount: 5)
          : Artifact(
            kind: kind, digest: try blobs.insert(Array(kind.rawValue.utf8)),
            byteCount: kind.rawValue.utf8.count)
      }
      try worker.send(
        .finished(.init(attempt: attempt, result: ReceivedResult(incomplete).bytes)))
      let wanted = try worker.expect { message -> [Digest]? in
        if case .artifactsWanted(attempt, let digests) = message { digests } else { nil }
      }
      #expect(wanted == [model])
      try worker.send(.finished(.init(attempt: attempt, result: result)))
      try worker.await(.acknowledgement(attempt))
      #expect(try Self.journal(folder).last?.trial == trial)
      #expect(try SweepReader.open(directory: folder).results().isComplete)
      _ = try worker.expect { message -> Bool? in if case .shutDown = message { true } else { nil }
      }
      try worker.send(.goodbye(reason: "done"))
    }
    guard case .finished(.complete) = ending else {
      Issue.record("\(ending)")
      return
    }
  }

  @Test("invalid frames and other protocol versions do not affect other workers")
  func strangers() throws {
    let ending = try run { worker, blobs in
      try worker.send([[0xFF], Array(repeating: 7, count: 100)])
      try worker.send([Array("BNSW".utf8) + [99, 0, 0, 0], [1, 2, 3]])
      let refusal = try worker.expect { message -> String? in
        if case .refusal(let reason, _) = message { reason } else { nil }
      }
      #expect(refusal.contains("99.0"))
      try worker.announce()
      let attempt = try worker.assignment()
      try worker.send(.finished(.init(attempt: attempt, result: try Self.result(in: blobs))))
      try worker.await(.acknowledgement(attempt))
      try worker.send(.goodbye(reason: "done"))
    }
    guard case .finished(.complete) = ending else {
      Issue.record("\(ending)")
      return
    }
  }

  @Test("a cancellation is answered when it is durable, and the worker is told")
  func cancelled() throws {
    let (folder, trial) = (folder.url, trial.id)
    let ending = try run { worker, _ in
      try worker.announce()
      let attempt = try worker.assignment()
      let request = AdministrationRequest(.cancel, trials: ["\(trial)"], reason: "enough")
      let reply = try #require(try AdministrationClient.ask(request, in: folder))
      #expect(reply.changes?.count == 1)
      #expect(
        try Self.journal(folder).contains(.trialStopped(trial: trial, reason: "enough")))
      _ = try worker.expect { message -> Bool? in
        if case .abandon(attempt, _) = message { true } else { nil }
      }
      try worker.send(.goodbye(reason: "done"))
    }
    guard case .finished(.completeWithFailures(1)) = ending else {
      Issue.record("\(ending)")
      return
    }
  }

  @Test("a coordinator that detaches leaves remote trials to their workers")
  func detached() throws {
    let folder = folder.url
    let ending = try run { worker, _ in
      try worker.announce()
      _ = try worker.assignment()
      worker.interruptions.put(.detach)
      // A worker that went would give its trial back.
      usleep(7_000_000)
    }
    guard case .detached = ending else {
      Issue.record("\(ending)")
      return
    }
    // The lease is open, for the next coordinator to take up.
    #expect(try SweepReader.open(directory: folder).results().trials.map(\.status) == [.running])
  }

  // MARK: - Members that lie

  @Test("a log is kept for an attempt that its own worker ends, and replaces what was there")
  func logOfAttempt() throws {
    let logs = folder.file("logs")
    let trial = trial.id
    _ = try run { worker, blobs in
      try worker.announce()
      let attempt = try worker.assignment()
      let forged = StoredBlob(digest: try blobs.insert(Array("forged".utf8)), byteCount: 6)
      let stranger = try worker.another()
      let failures = [attempt, AttemptKey(trial: trial, attempt: 7)].map {
        WorkerMessage.attemptFailed(.init(attempt: $0, cause: "signal", message: "", log: forged))
      }
      for failure in failures { try stranger.send(failure) }
      try stranger.await(.announceAgain)
      try stranger.announce(as: "stranger", from: "elsewhere")
      for failure in failures { try stranger.send(failure) }
      _ = try stranger.expect { message -> Bool? in
        if case .abandon = message { true } else { nil }
      }
      let before = try? FileManager.default.contentsOfDirectory(atPath: logs.path)
      #expect(before ?? [] == [])
      try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
      let file = logs.appending(path: "\(trial).1.txt")
      try Data("forged before".utf8).write(to: file)
      let own = StoredBlob(digest: try blobs.insert(Array("it broke".utf8)), byteCount: 8)
      try worker.send(
        .attemptFailed(.init(attempt: attempt, cause: "signal", message: "it broke", log: own)))
      _ = try worker.expect { message -> Bool? in
        if case .abandon = message { true } else { nil }
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == "it broke")
      worker.interruptions.put(.stop)
    }
  }

  /// A field of bytes as protobuf encodes it.
  private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length = content.count
    var head = [number << 3 | 2]
    while length >= 128 {
      head.append(UInt8(length & 127) | 128)
      length >>= 7
    }
    return head + [UInt8(length)] + content
  }

  @Test("a result that cannot be read is refused, and its worker hears of it")
  func unreadableResult() throws {
    let folder = folder.url
    _ = try run { worker, _ in
      try worker.announce()
      let attempt = try worker.assignment()
      // A frame may be larger than a result: of the results in it, field 5 of field 3, the last
      // counts.
      let frames = try WorkerMessage.finished(.init(attempt: attempt, result: [])).frames()
      let result = Self.field(5, [UInt8](repeating: 0, count: 200_000))
      try worker.send([frames[0], frames[1] + Self.field(3, result)])
      try worker.await(.acknowledgement(attempt))
      let ended = try Self.journal(folder).contains { record in
        guard case .attemptEnded(_, attempt: 1, let failure) = record else { return false }
        return failure.cause == .resultRefused && failure.message.contains("196608")
      }
      #expect(ended)
      worker.interruptions.put(.stop)
    }
  }

  @Test("a name has no mark of a key where no key was shown")
  func markOfKey() throws {
    let folder = folder.url
    _ = try run { worker, _ in
      try worker.announce(as: "evil@lab")
      _ = try worker.assignment()
      let lessees = try Self.journal(folder).compactMap {
        if case .trialLeased(_, _, let lessee) = $0 { lessee.rawValue } else { nil }
      }
      #expect(lessees == ["evil-lab"])
      worker.interruptions.put(.stop)
    }
  }

  @Test("rows that are no numbers are not shown as the trajectory of a running trial")
  func partialTrajectory() throws {
    let (url, logger) = (folder.url, Logger(label: "test"))
    let file = folder.file("trajectories/\(trial.id).partial.csv")
    _ = try run { worker, blobs in
      try worker.announce()
      let attempt = try worker.assignment()
      let columns = TrajectoryText.fixedColumns + ["gate_0"]
      let honest = columns.joined(separator: ",") + "\n" + "1,2,3,0,1,0,1,0.5,0,0.25\n"
      var start = TrajectoryStart.beginning
      for (text, isShown) in [(honest, true), ("=HYPERLINK(\"http://x\"),\u{1B}[31m\n", false)] {
        let piece = TrajectoryPiece(after: start, payload: Array(text.utf8))
        try worker.send(
          .trajectoryGrown(
            .init(
              attempt: attempt, start: piece.start, payload: piece.payload,
              endDigest: piece.end.prefix.digest)))
        try worker.await(.pieceTaken(attempt, byteCount: piece.end.prefix.byteCount))
        start = piece.end
        try SweepOutputs(
          folder: url, reader: try SweepReader.open(directory: url), blobs: blobs, logger: logger
        ).write()
        #expect((try? String(contentsOf: file, encoding: .utf8)) == (isShown ? honest : nil))
      }
      worker.interruptions.put(.stop)
    }
  }

  @Test("a member that goes on claiming does not keep the coordinator from leaving")
  func claimsWhileLeaving() throws {
    let began = ContinuousClock.now
    let ending = try run { worker, _ in
      try worker.announce()
      let attempt = try worker.assignment()
      worker.interruptions.put(.detach)
      let end = ContinuousClock.now + .seconds(14)
      while ContinuousClock.now < end {
        let unknown = AttemptKey(
          trial: TrialID(rawValue: UInt64.random(in: 0 ... .max)), attempt: 1)
        // Once the coordinator is gone, nothing can be sent.
        guard
          (try? worker.send(
            .heartbeat(
              .init(
                sequence: 1, claims: [.init(attempt: attempt), .init(attempt: unknown)]
              )), patience: .milliseconds(500))) != nil
        else { return }
        usleep(20_000)
      }
    }
    guard case .detached = ending else {
      Issue.record("\(ending)")
      return
    }
    #expect(ContinuousClock.now - began < .seconds(40))
  }
}
