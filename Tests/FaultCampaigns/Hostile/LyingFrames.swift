import Digests
import Foundation
import Randomness
import Trials
import Wire

/// Well-formed messages with false content: about other workers' trials, with impossible numbers,
/// and under many worker names.
///
/// Half of the messages pass the checks of the protocol, so that the sender is treated as a worker
/// and gets leases; their numbers are ones that no trial can have. The others contain values that no
/// message may have.
struct LyingFrames {
  private var generator: SplitMix64
  private let trials: [TrialID]
  private var names = 0

  /// A valid number that is replaced in the encoded message by one that no worker may send.
  private static let standIn = 1234.567890123
  /// The numbers that replace it.
  private static let lies = [Double.nan, .infinity, -1, 1.7e308, 1e-308, -.infinity]

  /// Messages about these trials.
  init(about trials: [TrialID], seed: UInt64) {
    self.trials = trials
    generator = SplitMix64(seed: seed)
  }

  /// The next message.
  mutating func next() throws -> [[UInt8]] {
    let message: WorkerMessage
    switch Int.random(in: 0..<6, using: &generator) {
    case 0, 1: message = announcement()
    case 2: message = .heartbeat(.init(sequence: UInt64(names), claims: claims(32)))
    case 3:
      message = .reportReached(
        .init(
          attempt: attempt(), index: Int.random(in: 0...3, using: &generator), report: report()))
    case 4: message = .finished(.init(attempt: attempt(), result: ReceivedResult(result()).bytes))
    default: message = .attemptFailed(.init(attempt: attempt(), cause: "refused", message: "=1+1"))
    }
    var frames = try message.frames()
    if Bool.random(using: &generator) { frames[1] = falsified(frames[1]) }
    return frames
  }

  /// The announcement of a worker that can be leased trials.
  static func announcement(of worker: String, claims: [WorkerMessage.Claim]) -> WorkerMessage {
    .announcement(
      .init(
        productVersion: ProductVersion.current, worker: worker, host: "liar",
        processor: "none", instructionSet: "none", coreCount: 1, memoryByteCount: 1 << 30,
        slotCount: 2, sweepID: nil, claims: claims))
  }

  /// The answer to a lease: the next of four kinds of invalid results and reports.
  mutating func answer(to attempt: AttemptKey) throws -> [[UInt8]] {
    names += 1
    switch names % 4 {
    case 0:
      return try WorkerMessage.finished(
        .init(attempt: attempt, result: ReceivedResult(result()).bytes)
      ).frames()
    case 1:
      let bytes = falsified(ReceivedResult(result()).bytes)
      return try WorkerMessage.finished(.init(attempt: attempt, result: bytes)).frames()
    case 2:
      return try WorkerMessage.finished(
        .init(attempt: attempt, result: generator.bytes(200))
      ).frames()
    default:
      return try WorkerMessage.reportReached(
        .init(attempt: attempt, index: 0, report: report())
      ).frames()
    }
  }

  /// The announcement of one more worker on the same connection.
  private mutating func announcement() -> WorkerMessage {
    names += 1
    return Self.announcement(of: "liar-\(names)", claims: claims(4))
  }

  /// Claims of other workers' attempts, at planned trials and at trials that do not exist.
  private mutating func claims(_ count: Int) -> [WorkerMessage.Claim] {
    (0..<count).map { _ in
      .init(
        attempt: attempt(),
        progress: TrialProgress(
          step: 10, totalSteps: 100, mse: Self.standIn, gatesOpen: 2, multiplier: Self.standIn,
          stepsPerSecond: Self.standIn))
    }
  }

  private mutating func attempt() -> AttemptKey {
    let trial =
      trials.randomElement(using: &generator).flatMap { trial in
        Bool.random(using: &generator) ? trial : nil
      } ?? TrialID(rawValue: generator.next())
    let attempts = [1, 1, 2, Int(Int32.max)]
    return AttemptKey(
      trial: trial, attempt: attempts[Int.random(in: attempts.indices, using: &generator)])
  }

  private func report() -> MilestoneReport {
    MilestoneReport(
      budget: .batches(10), tolerance: Self.standIn, step: 10, ending: .budget,
      stateDigest: Digest.of("a lie"), gatesOpen: 3, mse: Self.standIn,
      evaluationMSE: Self.standIn, firstHitStep: 9, multiplier: Self.standIn,
      openProbabilities: [0.75, Self.standIn, 0.25])
  }

  private func result() -> TrialResult {
    let digest = Digest.of("a lie")
    return TrialResult(
      milestones: [report()],
      artifacts: ArtifactKind.allCases.map { Artifact(kind: $0, digest: digest, byteCount: 1) },
      provenance: TrialProvenance(
        configuration: TrialConfiguration(
          dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
          tolerance: .value(1), milestones: [.batches(10)], seed: 1), images: digest,
        host: "another's", processor: "none", instructionSet: "none", versions: [:],
        started: "2026-01-01T00:00:00Z", seconds: 1, processorSeconds: 1, steps: 10,
        secondPassShare: 0, peakResidentBytes: 1))
  }

  /// The message with stand-ins replaced by false numbers, and with attempts beyond 2³¹.
  private mutating func falsified(_ bytes: [UInt8]) -> [UInt8] {
    func encoded(_ number: Double) -> [UInt8] {
      withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init)
    }
    var bytes = bytes
    let standIn = encoded(Self.standIn)
    while let place = bytes.firstRange(of: standIn) {
      let lie = Self.lies[Int.random(in: Self.lies.indices, using: &generator)]
      bytes.replaceSubrange(place, with: encoded(lie))
    }
    // 2³¹ − 1 and 2³² − 1 as varints.
    while let place = bytes.firstRange(of: [0xFF, 0xFF, 0xFF, 0xFF, 0x07]) {
      bytes.replaceSubrange(place, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
    }
    return bytes
  }
}

/// Blobs that a member offers and sends without a lease.
struct UnwantedBlobs {
  private var generator: SplitMix64

  /// Random blobs, drawn from a seed.
  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// The next message: an offer of 10 GB, or a small blob with its correct digest.
  mutating func next() throws -> [[UInt8]] {
    let content = generator.bytes(4096)
    let digest = Digest.of(content)
    let request: DataRequest =
      Bool.random(using: &generator)
      ? .offer(digest, byteCount: 10_000_000_000)
      : .store(digest, offset: 0, total: content.count, payload: content)
    return try request.frames()
  }
}
