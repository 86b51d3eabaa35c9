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
    /// Asks the loop to end.
    let interruptions: Inbox<SweepLoop.Interruption>

    init(_ endpoint: String, _ interruptions: Inbox<SweepLoop.Interruption>) throws {
      socket = try DealerSocket(try Context())
      self.interruptions = interruptions
      try socket.connect(to: endpoint)
    }

    /// Sends frames, once there is a connection.
    func send(_ frames: [[UInt8]]) throws {
      let deadline = ContinuousClock.now + .seconds(60)
      while try socket.send(frames) != .sent {
        guard ContinuousClock.now < deadline else { throw Silence() }
        usleep(1000)
      }
    }

    func send(_ message: WorkerMessage) throws { try send(try message.frames()) }

    func announce() throws {
      try send(
        .announcement(
          .init(
            productVersion: ProductVersion.current, worker: "fake", host: "here",
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
}
