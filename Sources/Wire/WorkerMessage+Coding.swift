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
  /// - Throws: ``WireError``; any bytes whatever give a message or an error.
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
          resultJSON: try Field.bytes(
            body.resultJson, "result_json", limit: WireLimits.resultByteCount),
          contentDigest: try Field.digest(body.contentSha256, "content_sha256")))
    case .attemptFailed(let body):
      self = .attemptFailed(
        AttemptFailed(
          attempt: try Field.attempt(body.trial, body.attempt),
          cause: try Field.identifier(body.cause, "cause"),
          message: try Field.text(
            body.message, "message", limit: WireLimits.failureByteCount),
          checkpoint: body.hasCheckpoint ? try TrialCheckpoint(body.checkpoint) : nil,
          log: body.hasLog ? try StoredBlob(body.log) : nil))
    case .goodbye(let body): self = .goodbye(reason: try Field.text(body.reason, "reason"))
    case .logLines(let body): self = .logLines(try LogLines(body))
    case nil: throw .unknownBody(version: version)
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
        finished.resultJSON.count, "result_json bytes", in: 0...WireLimits.resultByteCount)
      envelope.finished.trial = finished.attempt.trial.rawValue
      envelope.finished.attempt = UInt32(clamping: finished.attempt.attempt)
      envelope.finished.resultJson = Data(finished.resultJSON)
      envelope.finished.contentSha256 = Data(finished.contentDigest.bytes)
    case .attemptFailed(let failed):
      envelope.attemptFailed.trial = failed.attempt.trial.rawValue
      envelope.attemptFailed.attempt = UInt32(clamping: failed.attempt.attempt)
      envelope.attemptFailed.cause = try Field.identifier(failed.cause, "cause")
      envelope.attemptFailed.message = Field.tail(
        of: failed.message, limit: WireLimits.failureByteCount)
      if let checkpoint = failed.checkpoint { envelope.attemptFailed.checkpoint = checkpoint.body }
      if let log = failed.log { envelope.attemptFailed.log = log.body }
    case .goodbye(let reason): envelope.goodbye.reason = Field.head(of: reason)
    case .logLines(let log): envelope.logLines = try log.body()
    }
    return envelope
  }
}

extension WorkerMessage.Announcement {
  fileprivate init(_ body: PBAnnouncement) throws(WireError) {
    self.init(
      productVersion: try Field.text(body.productVersion, "product_version"),
      worker: try Field.identifier(body.worker, "worker"),
      host: try Field.text(body.host, "host"),
      processor: try Field.text(body.processor, "processor"),
      instructionSet: try Field.text(body.instructionSet, "instruction_set"),
      coreCount: try Field.count(body.cores, "cores"),
      memoryByteCount: try Field.count(body.memoryBytes, "memory_bytes"),
      slotCount: try Field.count(body.slots, "slots", in: 1...WireLimits.slotCount),
      sweepID: body.sweepID.isEmpty ? nil : try Field.identifier(body.sweepID, "sweep_id"),
      claims: try WorkerMessage.Claim.claims(body.claims),
      obstacle: try Field.obstacle(body.obstacle))
    protocolMinor = UInt16(clamping: body.protocolMinor)
  }

  fileprivate func body() throws(WireError) -> PBAnnouncement {
    var body = PBAnnouncement()
    body.protocolMinor = UInt32(protocolMinor)
    body.productVersion = Field.head(of: productVersion)
    body.worker = try Field.identifier(worker, "worker")
    body.host = Field.head(of: host)
    body.processor = Field.head(of: processor)
    body.instructionSet = Field.head(of: instructionSet)
    body.cores = UInt32(clamping: coreCount)
    body.memoryBytes = UInt64(clamping: memoryByteCount)
    body.slots = UInt32(clamping: slotCount)
    if let sweepID { body.sweepID = try Field.identifier(sweepID, "sweep_id") }
    body.claims = try WorkerMessage.Claim.bodies(claims)
    body.obstacle = Field.head(of: obstacle ?? "")
    return body
  }
}

extension Field {
  fileprivate static func obstacle(_ text: String) throws(WireError) -> String? {
    text.isEmpty ? nil : try Self.text(text, "obstacle")
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
          checkpoint: body.hasCheckpoint ? try TrialCheckpoint(body.checkpoint) : nil))
    }
    return claims
  }

  fileprivate static func bodies(
    _ claims: [WorkerMessage.Claim]
  ) throws(WireError) -> [PBClaim] {
    guard claims.count <= WireLimits.claimCount else {
      throw .tooLarge(place: "claims", count: claims.count, limit: WireLimits.claimCount)
    }
    let tellsProgress = claims.count <= WireLimits.progressCount
    return claims.map { claim in
      var body = PBClaim()
      body.trial = claim.attempt.trial.rawValue
      body.attempt = UInt32(clamping: claim.attempt.attempt)
      if tellsProgress, let progress = claim.progress { body.progress = progress.body }
      if let checkpoint = claim.checkpoint { body.checkpoint = checkpoint.body }
      return body
    }
  }
}
