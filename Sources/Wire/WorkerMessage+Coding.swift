import Digests
import Foundation
import Trials

extension WorkerMessage {
  /// The message in frames for the control connection.
  ///
  /// Texts for people are cut to their limits.
  ///
  /// - Throws: ``WireError`` when a part is beyond its limit.
  package func frames() throws(WireError) -> [[UInt8]] {
    try Framing.frames(of: envelope(), limit: WireLimits.controlEnvelopeByteCount)
  }

  /// Reads a message that a worker sent.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.openCurrent(
      frames, as: PBWorkerEnvelope.self, limit: WireLimits.controlEnvelopeByteCount)
    switch envelope.body {
    case .announcement(let body): self = .announcement(try Announcement(body))
    case .heartbeat(let body):
      self = .heartbeat(
        Heartbeat(
          sequence: body.sequence, claims: try Claim.claims(body.claims),
          obstacle: try Field.obstacle(body.obstacle)))
    case .finished(let body):
      self = .finished(
        Finished(
          attempt: try Field.attempt(body.trial, body.attempt),
          result: try Field.bytes(body.result, "result", limit: WireLimits.resultByteCount),
          lastCheckpoint: body.hasLastCheckpoint ? try TrialCheckpoint(body.lastCheckpoint) : nil))
    case .reportReached(let body): self = .reportReached(try ReportReached(body))
    case .trajectoryGrown(let body): self = .trajectoryGrown(try TrajectoryGrown(body))
    case .attemptFailed(let body):
      self = .attemptFailed(
        AttemptFailed(
          attempt: try Field.attempt(body.trial, body.attempt),
          cause: try Field.identifier(body.cause, "cause"),
          message: try Field.text(
            body.message, "message", limit: WireLimits.failureByteCount),
          checkpoint: body.hasCheckpoint ? try TrialCheckpoint(body.checkpoint) : nil,
          log: body.hasLog ? try StoredBlob(body.log) : nil,
          divergence: body.hasDivergence ? try Divergence(body.divergence) : nil))
    case .goodbye(let body): self = .goodbye(reason: try Field.text(body.reason, "reason"))
    case .logLines(let body): self = .logLines(try LogLines(body))
    case nil: throw .unknownBody(version: version)
    }
  }

  /// The attempt of a result, a report or a piece that cannot be read; nil for all other frames.
  ///
  /// So its sender can be told that it is refused.
  package static func attempt(inUnreadable frames: [[UInt8]]) -> AttemptKey? {
    guard
      let (envelope, _) = try? Framing.openCurrent(
        frames, as: PBWorkerEnvelope.self, limit: WireLimits.controlEnvelopeByteCount)
    else { return nil }
    return switch envelope.body {
    case .finished(let body): try? Field.attempt(body.trial, body.attempt)
    case .reportReached(let body): try? Field.attempt(body.trial, body.attempt)
    case .trajectoryGrown(let body): try? Field.attempt(body.trial, body.attempt)
    default: nil
    }
  }

  private func envelope() throws(WireError) -> PBWorkerEnvelope {
    var envelope = PBWorkerEnvelope()
    switch self {
    case .announcement(let announcement):
      envelope.announcement = try announcement.body()
    case .heartbeat(let heartbeat):
      envelope.heartbeat.sequence = heartbeat.sequence
      envelope.heartbeat.claims = try Claim.bodies(heartbeat.claims)
      envelope.heartbeat.obstacle = Field.head(of: heartbeat.obstacle ?? "")
    case .finished(let finished):
      _ = try Field.count(
        finished.result.count, "result bytes", in: 0...WireLimits.resultByteCount)
      envelope.finished.trial = finished.attempt.trial.rawValue
      envelope.finished.attempt = UInt32(clamping: finished.attempt.attempt)
      envelope.finished.result = Data(finished.result)
      if let checkpoint = finished.lastCheckpoint {
        envelope.finished.lastCheckpoint = checkpoint.body
      }
    case .reportReached(let reached): envelope.reportReached = try reached.body()
    case .trajectoryGrown(let grown): envelope.trajectoryGrown = try grown.body()
    case .attemptFailed(let failed):
      envelope.attemptFailed.trial = failed.attempt.trial.rawValue
      envelope.attemptFailed.attempt = UInt32(clamping: failed.attempt.attempt)
      envelope.attemptFailed.cause = try Field.identifier(failed.cause, "cause")
      envelope.attemptFailed.message = Field.tail(
        of: failed.message, limit: WireLimits.failureByteCount)
      if let checkpoint = failed.checkpoint { envelope.attemptFailed.checkpoint = checkpoint.body }
      if let log = failed.log { envelope.attemptFailed.log = log.body }
      if let divergence = failed.divergence {
        envelope.attemptFailed.divergence = divergence.body
      }
    case .goodbye(let reason): envelope.goodbye.reason = Field.head(of: reason)
    case .logLines(let log): envelope.logLines = try log.body()
    }
    return envelope
  }
}

extension WorkerMessage.ReportReached {
  fileprivate init(_ body: PBReportReached) throws(WireError) {
    let report = try MilestoneReport(serialised: [UInt8](body.report))
    // Only records of earlier formats have reports without a state digest.
    guard report.stateDigest != nil else {
      throw .malformed(place: "state_sha256", found: "0 bytes", expected: "32 bytes")
    }
    self.init(
      attempt: try Field.attempt(body.trial, body.attempt),
      index: try Field.count(body.index, "index", in: 0...WireLimits.reportCount - 1),
      report: report)
  }

  fileprivate func body() throws(WireError) -> PBReportReached {
    _ = try Field.count(index, "index", in: 0...WireLimits.reportCount - 1)
    _ = try Field.count(
      report.openProbabilities.count, "open_probabilities", in: 0...WireLimits.gateCount)
    var body = PBReportReached()
    body.trial = attempt.trial.rawValue
    body.attempt = UInt32(clamping: attempt.attempt)
    body.index = UInt32(clamping: index)
    body.report = Data(report.serialised)
    return body
  }
}

extension WorkerMessage.TrajectoryGrown {
  fileprivate init(_ body: PBTrajectoryGrown) throws(WireError) {
    self.init(
      attempt: try Field.attempt(body.trial, body.attempt),
      start: try TrajectoryPrefix(body.start),
      payload: try Field.bytes(body.payload, "payload", limit: WireLimits.pieceByteCount),
      endDigest: try Field.digest(body.endSha256, "end_sha256"))
    _ = try Field.count(payload.count, "payload bytes", in: 1...WireLimits.pieceByteCount)
  }

  fileprivate func body() throws(WireError) -> PBTrajectoryGrown {
    _ = try Field.count(payload.count, "payload bytes", in: 1...WireLimits.pieceByteCount)
    var body = PBTrajectoryGrown()
    body.trial = attempt.trial.rawValue
    body.attempt = UInt32(clamping: attempt.attempt)
    body.start = start.body
    body.payload = Data(payload)
    body.endSha256 = Data(endDigest.bytes)
    return body
  }
}

extension WorkerMessage.Announcement {
  fileprivate init(_ body: PBAnnouncement) throws(WireError) {
    self.init(
      productVersion: try Field.line(
        body.productVersion, "product_version", limit: ResultBounds.nameByteCount),
      worker: try Field.identifier(body.worker, "worker"),
      host: try Field.line(body.host, "host", limit: ResultBounds.nameByteCount),
      hostID: try Field.hostID(body.hostID),
      processor: try Field.line(body.processor, "processor", limit: ResultBounds.nameByteCount),
      instructionSet: try Field.line(
        body.instructionSet, "instruction_set", limit: WireLimits.instructionSetByteCount),
      coreCount: try Field.count(body.cores, "cores"),
      memoryByteCount: try Field.byteCount(body.memoryBytes, "memory_bytes"),
      slotCount: try Field.count(body.slots, "slots", in: 1...WireLimits.slotCount),
      divisibleCoreCount: try Field.count(
        body.divisibleCores, "divisible_cores", in: 0...WireLimits.coreCount),
      sweepID: body.sweepID.isEmpty ? nil : try Field.identifier(body.sweepID, "sweep_id"),
      claims: try WorkerMessage.Claim.claims(body.claims),
      obstacle: try Field.obstacle(body.obstacle))
    protocolMinor = UInt16(clamping: body.protocolMinor)
  }

  fileprivate func body() throws(WireError) -> PBAnnouncement {
    var body = PBAnnouncement()
    body.protocolMinor = UInt32(protocolMinor)
    body.productVersion = Field.head(of: productVersion, limit: ResultBounds.nameByteCount)
    body.worker = try Field.identifier(worker, "worker")
    body.host = Field.head(of: host, limit: ResultBounds.nameByteCount)
    body.hostID = try Field.hostID(hostID)
    body.processor = Field.head(of: processor, limit: ResultBounds.nameByteCount)
    body.instructionSet = Field.head(
      of: instructionSet, limit: WireLimits.instructionSetByteCount)
    body.cores = UInt32(clamping: coreCount)
    body.memoryBytes = UInt64(clamping: memoryByteCount)
    body.slots = UInt32(clamping: slotCount)
    body.divisibleCores = UInt32(clamping: divisibleCoreCount)
    if let sweepID { body.sweepID = try Field.identifier(sweepID, "sweep_id") }
    body.claims = try WorkerMessage.Claim.bodies(claims)
    body.obstacle = Field.head(of: obstacle ?? "")
    return body
  }
}

extension Field {
  fileprivate static func hostID(_ text: String) throws(WireError) -> String {
    let isID =
      text.utf8.count == 8
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard text.isEmpty || isID else {
      throw .malformed(
        place: "host_id", found: String(reflecting: String(text.prefix(40))),
        expected: "8 hexadecimal digits in lower case")
    }
    return text
  }

  fileprivate static func obstacle(_ text: String) throws(WireError) -> String? {
    text.isEmpty ? nil : try Self.line(text, "obstacle")
  }
}

extension WorkerMessage.Claim {
  fileprivate static func claims(
    _ bodies: [PBClaim]
  ) throws(WireError) -> [WorkerMessage.Claim] {
    guard bodies.count <= WireLimits.claimCount else {
      throw .tooLarge(place: "claims", count: bodies.count, limit: WireLimits.claimCount)
    }
    var claims: [WorkerMessage.Claim] = []
    for body in bodies {
      claims.append(
        WorkerMessage.Claim(
          attempt: try Field.attempt(body.trial, body.attempt),
          progress: body.hasProgress ? try TrialProgress(body.progress) : nil,
          checkpoint: body.hasCheckpoint ? try TrialCheckpoint(body.checkpoint) : nil,
          refusedCheckpoints: try RefusedCheckpoint.all(body.refusedCheckpoints),
          threads: try Field.threads(body.threads)))
    }
    return claims
  }

  fileprivate static func bodies(
    _ claims: [WorkerMessage.Claim]
  ) throws(WireError) -> [PBClaim] {
    guard claims.count <= WireLimits.claimCount else {
      throw .tooLarge(place: "claims", count: claims.count, limit: WireLimits.claimCount)
    }
    let tellsAll = claims.count <= WireLimits.progressCount
    return claims.map { claim in
      var body = PBClaim()
      body.trial = claim.attempt.trial.rawValue
      body.attempt = UInt32(clamping: claim.attempt.attempt)
      if tellsAll, let progress = claim.progress { body.progress = progress.body }
      if tellsAll, let checkpoint = claim.checkpoint { body.checkpoint = checkpoint.body }
      if claims.count <= WireLimits.refusalClaimCount {
        body.refusedCheckpoints = claim.refusedCheckpoints.prefix(2).map(\.body)
      }
      body.threads = UInt32(clamping: claim.threads ?? 0)
      return body
    }
  }
}
