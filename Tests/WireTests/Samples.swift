import Digests
import Trials

@testable import Wire

/// One message of every kind, with every field at a value that is not its default.
enum Samples {
  static let attempt = AttemptKey(trial: TrialID(rawValue: 0x0123_4567_89AB_CDEF), attempt: 7)
  static let digest = Digest.of("blob")

  static let progress = TrialProgress(
    step: 12_345, totalSteps: 1_000_000, mse: 14.25, gatesOpen: 9, multiplier: 0.125,
    stepsPerSecond: 250.5)

  /// The rows of a trajectory up to a checkpoint.
  static let trajectory = TrajectoryStart.beginning.advanced(
    by: Array("step,squared_error\n".utf8) + [UInt8](repeating: UInt8(ascii: "7"), count: 100))

  static let checkpoint = TrialCheckpoint(
    step: 12_000, digest: Digest.of("file"), byteCount: 3_000_000, instructionSet: "avx512",
    stateDigest: Digest.of("state"), trajectory: trajectory.prefix)

  static let resumePoint = ResumePoint(checkpoint: checkpoint, trajectory: trajectory)

  static let report = MilestoneReport(
    budget: .batches(12_000), tolerance: 14.5, step: 12_000, ending: .goesOn,
    stateDigest: Digest.of("state"), gatesOpen: 2, mse: 0.1 + 0.2, evaluationMSE: 15.125,
    firstHitStep: 1200, multiplier: 0.5, openProbabilities: [0.99, .leastNonzeroMagnitude, 0])

  static let lastReport = MilestoneReport(
    budget: .epochs(20), tolerance: 14.5, step: 18_740,
    ending: ReportEnding(word: "gates-settled", isFinal: true) ?? .budget,
    stateDigest: Digest.of("end"), gatesOpen: 1, mse: 14, evaluationMSE: 15, firstHitStep: nil,
    multiplier: 1e300, openProbabilities: [])

  /// One with which a trial ends before its last milestone.
  static let earlyReport = MilestoneReport(
    budget: .epochs(20), tolerance: 14.5, step: 9370, ending: .oscillating,
    stateDigest: Digest.of("end"), gatesOpen: 1, mse: 14, evaluationMSE: 15, firstHitStep: 7,
    multiplier: 0.3, openProbabilities: [0.6, 0.4, 1], sinceStep: 0, alternatingGates: [0, 1])

  static let configuration = TrialConfiguration(
    dataset: .sprites28, model: ModelSettings(channels: [4, 4, 8], latents: .value(3)),
    tolerance: .value(14.5), milestones: [.batches(12_000), .epochs(20)], seed: 1)

  static let result = TrialResult(
    milestones: [report, lastReport],
    artifacts: ArtifactKind.allCases.map {
      Artifact(kind: $0, digest: Digest.of($0.rawValue), byteCount: $0.rawValue.utf8.count)
    },
    provenance: TrialProvenance(
      configuration: configuration, images: Digest.of("images"), host: "höst",
      processor: "CPU @ 3 GHz", instructionSet: "avx2", versions: ["worker": "1.2", "kernel": "6"],
      started: "2026-01-31T12:00:00Z", seconds: 1.5, processorSeconds: 1.25, steps: 6740,
      resumed: [
        Resumption(step: 6000, host: "first", instructionSet: "avx512"),
        Resumption(step: 12_000, host: "second", instructionSet: "avx2"),
      ], secondPassShare: 0.25, peakResidentBytes: 1 << 30))

  static let claims = [
    WorkerMessage.Claim(attempt: attempt, progress: progress),
    WorkerMessage.Claim(
      attempt: attempt, progress: progress, checkpoint: checkpoint, threads: 8),
    WorkerMessage.Claim(
      attempt: AttemptKey(trial: TrialID(rawValue: .max), attempt: 2_147_483_647)),
    WorkerMessage.Claim(
      attempt: attempt,
      refusedCheckpoints: [
        RefusedCheckpoint(digest: digest, reason: "tensor \"mse\": found nän"),
        RefusedCheckpoint(digest: Digest.of("other"), reason: ""),
      ]),
  ]

  static let announcement = WorkerMessage.Announcement(
    productVersion: "1.2.3", worker: "host-1:4711.a_b@c+d", host: "höst", hostID: "0123abcd",
    processor: "CPU @ 3 GHz",
    instructionSet: "avx2", coreCount: 16, memoryByteCount: 64 << 30, slotCount: 15,
    divisibleCoreCount: 14,
    sweepID: "0f1e2d3c", claims: claims, obstacle: "the disk is full: ä")

  static let workerMessages: [WorkerMessage] = [
    .announcement(announcement),
    .heartbeat(.init(sequence: .max, claims: claims)),
    .heartbeat(.init(sequence: 1, claims: [])),
    .heartbeat(.init(sequence: 2, claims: claims, obstacle: "its disk is full")),
    .reportReached(.init(attempt: attempt, index: 4095, report: report)),
    .reportReached(.init(attempt: attempt, index: 0, report: lastReport)),
    .trajectoryGrown(
      .init(attempt: attempt, start: .empty, payload: Array("step\n".utf8), endDigest: digest)),
    .trajectoryGrown(
      .init(attempt: attempt, start: trajectory.prefix, payload: [0], endDigest: digest)),
    .finished(.init(attempt: attempt, result: ReceivedResult(result).bytes)),
    .finished(.init(attempt: attempt, result: [], lastCheckpoint: checkpoint)),
    .attemptFailed(.init(attempt: attempt, cause: "not-a-number", message: "step 5:\n\tNaN")),
    .attemptFailed(
      .init(
        attempt: attempt, cause: "not-a-number", message: "NaN",
        divergence: Divergence(step: 1_000_000_000, stateDigest: digest))),
    .attemptFailed(
      .init(
        attempt: attempt, cause: "stopped", message: "drained", checkpoint: checkpoint,
        log: StoredBlob(digest: digest, byteCount: 17))),
    .logLines(.init(lines: ["info trial starts", "", "wärning"], leftOutCount: 12)),
    .logLines(.init(lines: [])),
    .goodbye(reason: "drained"),
    .goodbye(reason: ""),
  ]

  static let coordinatorMessages: [CoordinatorMessage] = [
    .welcome(
      .init(
        heartbeatInterval: .seconds(5), lostAfter: .milliseconds(60_500),
        dataLocation: .port(5751), sweep: "figure3-mnist",
        sweepID: "0f1e2d3c")),
    .welcome(
      .init(
        heartbeatInterval: .milliseconds(100), lostAfter: .milliseconds(100),
        dataLocation: .endpoint("ipc:///run/data"), sweep: "", sweepID: "s")),
    .assignment(
      .init(
        attempt: attempt, configurationJSON: Array(#"{"seed":1}"#.utf8), images: digest,
        imagesByteCount: 47_040_000)),
    .assignment(
      .init(
        attempt: attempt, configurationJSON: [], images: digest, imagesByteCount: 0,
        checkpoints: [resumePoint, resumePoint], stallTimeout: .milliseconds(600_500),
        voidThrough: 6, distrustedThrough: 9, wantsLastCheckpoint: true, threads: 4)),
    .threadsAssigned(attempt, threads: 4096),
    .reportTaken(attempt, index: 4095),
    .pieceTaken(attempt, byteCount: 1 << 40),
    .trajectoryUnknown(attempt, byteCount: 1 << 20),
    .drain(reason: "the host is needed"),
    .acknowledgement(attempt),
    .abandon(attempt, reason: "another attempt finished"),
    .announceAgain,
    .shutDown(reason: "the sweep is complete"),
    .refusal(reason: "version 3.0 is not spoken here", remedy: "install version 2"),
    .artifactsWanted(attempt, digests: [digest, Digest.of("other")]),
    .artifactsWanted(attempt, digests: []),
    .heartbeat,
  ]

  static let dataRequests: [DataRequest] = [
    .fetch(digest, offset: 65_536, byteCountMaximum: 65_536),
    .fetch(digest, offset: 0, byteCountMaximum: 1),
    .offer(digest, byteCount: 3 << 40),
    .store(digest, offset: 4, total: 9, payload: [1, 2, 3, 4, 5]),
    .store(digest, offset: 0, total: 0, payload: []),
  ]

  static let dataReplies: [DataReply] = [
    .chunk(digest, offset: 1, total: 1 << 40, payload: [UInt8](repeating: 7, count: 65_536)),
    .chunk(digest, offset: 0, total: 0, payload: []),
    .wanted(digest, offset: 12),
    .stored(digest),
    .missing(digest),
    .rejected(digest, reason: "disk full"),
  ]
}

/// The outcome of decoding, whatever the kind of message.
func decodeAll(_ frames: [[UInt8]]) -> [WireError?] {
  func error(_ decode: () throws(WireError) -> Void) -> WireError? {
    do {
      try decode()
      return nil
    } catch {
      return error
    }
  }
  return [
    error { () throws(WireError) in _ = try WorkerMessage(frames: frames) },
    error { () throws(WireError) in _ = try CoordinatorMessage(frames: frames) },
    error { () throws(WireError) in _ = try DataRequest(frames: frames) },
    error { () throws(WireError) in _ = try DataReply(frames: frames) },
  ]
}
