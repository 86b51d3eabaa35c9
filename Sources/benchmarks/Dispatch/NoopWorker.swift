import Benches
import Digests
import Foundation
import Messaging
import Synchronization
import Transfers
import Trials
import Wire

/// A worker that does not train: it sends a valid result for every assignment at once.
final class NoopWorker: Sendable {
  /// The number of results and the times of the first and the last.
  struct Span: Sendable {
    var first: ContinuousClock.Instant?
    var last: ContinuousClock.Instant?
    var count = 0
  }

  private let endpoint: Endpoint
  private let security: SocketSecurity
  private let slots: Int
  private let name: String
  private let artifacts: [(artifact: Artifact, file: URL)]
  private let span = Mutex(Span())
  private let isOver = Mutex(false)
  private let ended = DispatchSemaphore(value: 0)

  /// A worker that has not connected yet.
  ///
  /// - Parameter folder: The folder for its artifacts, which are the same for every trial.
  init(
    _ endpoint: Endpoint, security: SocketSecurity, slots: Int, name: String, folder: URL
  ) throws {
    self.endpoint = endpoint
    self.security = security
    self.slots = slots
    self.name = name
    let kinds: [ArtifactKind] = [.model, .trajectory, .reconstructions, .pace]
    artifacts = try kinds.map { kind in
      let data = Data("no-op \(kind.rawValue)\n".utf8)
      let file = folder.appending(path: "\(name)-\(kind.rawValue)")
      try data.write(to: file)
      return (Artifact(kind: kind, digest: .of(data), byteCount: data.count), file)
    }
  }

  /// Starts to connect and work, on its own thread.
  func start() {
    Thread.detachNewThread { [self] in
      do {
        try work()
      } catch {
        print("\(name): \(error)")
      }
      ended.signal()
    }
  }

  /// Ends the thread.
  ///
  /// - Returns: Its results.
  func finish() -> Span {
    isOver.withLock { $0 = true }
    ended.wait()
    return span.withLock { $0 }
  }

  private func work() throws {
    let context = try Context()
    let socket = try DealerSocket(context, options: .control.with(security))
    try socket.connect(to: endpoint.description)
    var client: Client?
    var claims: [AttemptKey] = []
    var interval: Duration?
    var speakAt = ContinuousClock.now
    var sequence: UInt64 = 0
    while !isOver.withLock({ $0 }) {
      if ContinuousClock.now >= speakAt {
        let claimed = claims.map { WorkerMessage.Claim(attempt: $0, progress: nil) }
        if let interval {
          sequence += 1
          _ = try socket.send(
            try WorkerMessage.heartbeat(.init(sequence: sequence, claims: claimed)).frames())
          speakAt = ContinuousClock.now + interval
        } else {
          _ = try socket.send(try WorkerMessage.announcement(announcement(claimed)).frames())
          speakAt = ContinuousClock.now + .milliseconds(200)
        }
      }
      _ = try Poller.wait(for: [socket.pollItem()], timeout: .milliseconds(20))
      while let frames = try socket.receive() {
        switch try CoordinatorMessage(frames: frames) {
        case .welcome(let welcome):
          interval = welcome.heartbeatInterval
          if client == nil, case .port(let port) = welcome.dataLocation,
            let data = endpoint.with(port: port)
          {
            client = try Client(context, data, security)
          }
        case .assignment(let order):
          guard let client, !claims.contains(order.attempt) else { continue }
          claims.append(order.attempt)
          span.withLock { $0.first = $0.first ?? ContinuousClock.now }
          for (artifact, file) in artifacts {
            try client.blobs.upload(file, digest: artifact.digest)
          }
          _ = try socket.send(try WorkerMessage.finished(finished(order)).frames())
        case .acknowledgement(let attempt):
          claims.removeAll { $0.trial == attempt.trial }
          span.withLock {
            $0.count += 1
            $0.last = ContinuousClock.now
          }
        case .announceAgain: interval = nil
        case .shutDown: return
        case .refusal(let reason, let remedy): throw BenchmarkError("\(reason); \(remedy)")
        default: continue
        }
      }
    }
  }

  private func announcement(_ claims: [WorkerMessage.Claim]) -> WorkerMessage.Announcement {
    WorkerMessage.Announcement(
      productVersion: ProductVersion.current, worker: name, host: "load", processor: "none",
      instructionSet: "none", coreCount: 1, memoryByteCount: 1 << 30, slotCount: slots,
      sweepID: nil, claims: claims)
  }

  private func finished(
    _ order: CoordinatorMessage.Assignment
  ) throws -> WorkerMessage.Finished {
    let configuration = try CanonicalJSON.decode(
      TrialConfiguration.self, from: Data(order.configurationJSON))
    let latents = try configuration.resolvedLatents()
    let milestones = try configuration.expectedReports().map { expected in
      MilestoneReport(
        budget: expected.budget, tolerance: expected.tolerance, step: expected.budget.count,
        ending: expected.isFinal ? .budget : .goesOn, stateDigest: Digest.of("state"),
        gatesOpen: latents, mse: 1, evaluationMSE: 1, firstHitStep: nil,
        multiplier: configuration.trainer.multiplierMinimum,
        openProbabilities: [Double](repeating: 1, count: latents))
    }
    let result = TrialResult(
      milestones: milestones, artifacts: artifacts.map(\.artifact),
      provenance: TrialProvenance(
        configuration: configuration, images: order.images, host: "load", processor: "none",
        instructionSet: "none", versions: [:], started: "2026-01-01T00:00:00Z", seconds: 0,
        processorSeconds: 0, steps: 1, secondPassShare: 0, peakResidentBytes: 1))
    return WorkerMessage.Finished(
      attempt: order.attempt, result: ReceivedResult(result).bytes)
  }

  private final class Client {
    let blobs: BlobClient

    init(_ context: Context, _ endpoint: Endpoint, _ security: SocketSecurity) throws {
      blobs = try BlobClient(
        context, endpoint: endpoint.description, options: .data.with(security))
    }
  }
}
