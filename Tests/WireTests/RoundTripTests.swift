import Digests
import Testing
import Trials

@testable import Wire

@Suite("Messages cross the wire unchanged")
struct RoundTripTests {
  @Test("Control messages of workers", arguments: Samples.workerMessages)
  func worker(message: WorkerMessage) throws {
    #expect(try WorkerMessage(frames: try message.frames()) == message)
  }

  @Test("Control messages of coordinators", arguments: Samples.coordinatorMessages)
  func coordinator(message: CoordinatorMessage) throws {
    #expect(try CoordinatorMessage(frames: try message.frames()) == message)
  }

  @Test("Data requests of workers", arguments: Samples.dataRequests)
  func request(message: DataRequest) throws {
    #expect(try DataRequest(frames: try message.frames()) == message)
  }

  @Test("Data replies of coordinators", arguments: Samples.dataReplies)
  func reply(message: DataReply) throws {
    #expect(try DataReply(frames: try message.frames()) == message)
  }

  @Test("A largest chunk, a largest result and a full heartbeat fit into their sockets' frames")
  func largest() throws {
    let chunk = DataReply.chunk(
      Samples.digest, offset: Int.max - 65_536, total: .max,
      payload: [UInt8](repeating: 1, count: WireLimits.chunkByteCount))
    #expect(try chunk.frames()[1].count <= WireLimits.dataEnvelopeByteCount)
    let finished = WorkerMessage.finished(
      .init(
        attempt: Samples.attempt, result: [UInt8](repeating: 1, count: WireLimits.resultByteCount),
        lastCheckpoint: Samples.checkpoint))
    #expect(try WorkerMessage(frames: try finished.frames()) == finished)
    let grown = WorkerMessage.trajectoryGrown(
      .init(
        attempt: Samples.attempt, start: Samples.trajectory.prefix,
        payload: [UInt8](repeating: 1, count: WireLimits.pieceByteCount), endDigest: Samples.digest)
    )
    #expect(try WorkerMessage(frames: try grown.frames()) == grown)
    var report = Samples.report
    report.openProbabilities = [Double](repeating: 0.5, count: WireLimits.gateCount)
    let reached = WorkerMessage.reportReached(
      .init(attempt: Samples.attempt, index: WireLimits.reportCount - 1, report: report))
    #expect(try WorkerMessage(frames: try reached.frames()) == reached)
  }

  @Test("Up to 768 claims have progress and checkpoint; with more, none has")
  func claims() throws {
    let progress = TrialProgress(
      step: Budget.maximumCount, totalSteps: Budget.maximumCount, mse: 1,
      gatesOpen: WireLimits.gateCount, multiplier: 1, stepsPerSecond: 1)
    var claim = WorkerMessage.Claim(
      attempt: AttemptKey(trial: TrialID(rawValue: .max), attempt: AttemptKey.maximum),
      progress: progress,
      checkpoint: TrialCheckpoint(
        step: Budget.maximumCount, digest: Samples.digest, byteCount: WireLimits.byteCountMaximum,
        instructionSet: String(repeating: "x", count: WireLimits.instructionSetByteCount),
        stateDigest: Samples.digest,
        trajectory: TrajectoryPrefix(byteCount: 1 << 50, digest: Samples.digest)))
    func heartbeat(_ count: Int) -> WorkerMessage {
      .heartbeat(
        .init(sequence: .max, claims: [WorkerMessage.Claim](repeating: claim, count: count)))
    }
    let many = heartbeat(WireLimits.progressCount)
    #expect(try WorkerMessage(frames: try many.frames()) == many)
    let more = try WorkerMessage(frames: try heartbeat(WireLimits.progressCount + 1).frames())
    let most = try WorkerMessage(frames: try heartbeat(WireLimits.claimCount).frames())
    claim.progress = nil
    claim.checkpoint = nil
    #expect(more == heartbeat(WireLimits.progressCount + 1))
    #expect(most == heartbeat(WireLimits.claimCount))
    #expect(WireLimits.progressCount == 768 && WireLimits.claimCount == 2048)
  }

  @Test("A progress that is not a number arrives as such")
  func notANumber() throws {
    var progress = Samples.progress
    progress.mse = .nan
    progress.multiplier = .infinity
    let message = WorkerMessage.heartbeat(
      .init(sequence: 1, claims: [.init(attempt: Samples.attempt, progress: progress)]))
    guard case .heartbeat(let heartbeat) = try WorkerMessage(frames: try message.frames()) else {
      Issue.record("expected a heartbeat")
      return
    }
    #expect(heartbeat.claims[0].progress?.mse.isNaN == true)
    #expect(heartbeat.claims[0].progress?.multiplier == .infinity)
  }
}

@Suite("Messages beyond their limits are not sent")
struct SendingLimitTests {
  @Test("A result, a configuration, claims or digests above their limit")
  func tooLarge() {
    let large = [UInt8](repeating: 0, count: WireLimits.resultByteCount + 1)
    #expect(throws: WireError.self) {
      try WorkerMessage.finished(
        .init(attempt: Samples.attempt, result: large)
      ).frames()
    }
    for payload in [[], [UInt8](repeating: 0, count: WireLimits.pieceByteCount + 1)] {
      #expect(throws: WireError.self) {
        try WorkerMessage.trajectoryGrown(
          .init(
            attempt: Samples.attempt, start: .empty, payload: payload, endDigest: Samples.digest)
        ).frames()
      }
    }
    #expect(throws: WireError.malformed(place: "index", found: "4096", expected: "0 to 4095")) {
      try WorkerMessage.reportReached(
        .init(attempt: Samples.attempt, index: 4096, report: Samples.report)
      ).frames()
    }
    var report = Samples.report
    report.openProbabilities = [Double](repeating: 0.5, count: 4097)
    #expect(throws: WireError.self) {
      try WorkerMessage.reportReached(
        .init(attempt: Samples.attempt, index: 0, report: report)
      ).frames()
    }
    #expect(throws: WireError.self) {
      try CoordinatorMessage.assignment(
        .init(
          attempt: Samples.attempt, configurationJSON: large, images: Samples.digest,
          imagesByteCount: 1)
      ).frames()
    }
    let claim = WorkerMessage.Claim(attempt: Samples.attempt)
    #expect(throws: WireError.tooLarge(place: "claims", count: 2049, limit: 2048)) {
      try WorkerMessage.heartbeat(
        .init(sequence: 1, claims: [WorkerMessage.Claim](repeating: claim, count: 2049))
      ).frames()
    }
    #expect(throws: WireError.self) {
      try CoordinatorMessage.assignment(
        .init(
          attempt: Samples.attempt, configurationJSON: [], images: Samples.digest,
          imagesByteCount: 1,
          checkpoints: [ResumePoint](repeating: Samples.resumePoint, count: 3))
      ).frames()
    }
    let line = String(repeating: "x", count: 4096)
    #expect(throws: WireError.self) {
      try WorkerMessage.logLines(.init(lines: [String](repeating: line, count: 17))).frames()
    }
    #expect(throws: WireError.self) {
      try WorkerMessage.logLines(.init(lines: [String](repeating: "", count: 257))).frames()
    }
    #expect(throws: WireError.self) {
      try CoordinatorMessage.artifactsWanted(
        Samples.attempt, digests: [Digest](repeating: Samples.digest, count: 257)
      ).frames()
    }
    #expect(throws: WireError.self) {
      try DataReply.chunk(
        Samples.digest, offset: 0, total: 200_000, payload: [UInt8](repeating: 0, count: 140_000)
      ).frames()
    }
  }

  @Test(
    "A worker's name that a receiver would refuse is refused by its sender",
    arguments: [
      "", "two words", "../up", "a\u{1B}[2J", String(repeating: "x", count: 129),
    ])
  func identifier(worker: String) {
    var announcement = Samples.announcement
    announcement.worker = worker
    #expect(throws: WireError.self) { try WorkerMessage.announcement(announcement).frames() }
  }

  @Test("A failure's message keeps its end, other texts their beginning, at whole characters")
  func cutTexts() throws {
    let text = String(repeating: "ä", count: 40_000) + "end"
    let failed = WorkerMessage.attemptFailed(
      .init(attempt: Samples.attempt, cause: "signal", message: text))
    guard case .attemptFailed(let received) = try WorkerMessage(frames: try failed.frames())
    else {
      Issue.record("expected a failure")
      return
    }
    #expect(received.message.hasSuffix("äend"))
    #expect((65_530...65_536).contains(received.message.utf8.count))
    #expect(!received.message.unicodeScalars.contains("\u{FFFD}"))

    guard
      case .goodbye(let reason) = try WorkerMessage(
        frames: try WorkerMessage.goodbye(reason: "x" + text).frames())
    else {
      Issue.record("expected a goodbye")
      return
    }
    #expect(reason.hasPrefix("xää") && (4090...4096).contains(reason.utf8.count))
    #expect(!reason.unicodeScalars.contains("\u{FFFD}"))
  }
}
