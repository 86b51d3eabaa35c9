import Digests
import Foundation
import Trials

extension CoordinatorMessage {
  /// The message in frames for the control connection.
  ///
  /// Texts for people are cut to their limits.
  ///
  /// - Throws: ``WireError`` when a part is beyond its limit.
  package func frames() throws(WireError) -> [[UInt8]] {
    try Framing.frames(of: envelope(), limit: WireLimits.controlEnvelopeByteCount)
  }

  /// Reads a message that a coordinator sent.
  ///
  /// A refusal of any major version is read, so that a worker can show the reason.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.open(
      frames, as: PBCoordinatorEnvelope.self, limit: WireLimits.controlEnvelopeByteCount)
    if case .refusal(let body) = envelope.body {
      self = .refusal(
        reason: try Field.text(body.reason, "reason"),
        remedy: try Field.text(body.remedy, "remedy"))
      return
    }
    guard version.major == ProtocolVersion.current.major else {
      throw .otherMajor(found: version)
    }
    guard let body = envelope.body else { throw .unknownBody(version: version) }
    self = try Self.message(body)
  }

  private static func message(
    _ body: PBCoordinatorEnvelope.OneOf_Body
  ) throws(WireError) -> CoordinatorMessage {
    switch body {
    case .welcome(let body): .welcome(try Welcome(body))
    case .assignment(let body): .assignment(try Assignment(body))
    case .acknowledgement(let body):
      .acknowledgement(try Field.attempt(body.trial, body.attempt))
    case .abandon(let body):
      .abandon(
        try Field.attempt(body.trial, body.attempt), reason: try Field.text(body.reason, "reason"))
    case .announceAgain: .announceAgain
    case .shutDown(let body): .shutDown(reason: try Field.text(body.reason, "reason"))
    case .refusal(let body):
      .refusal(
        reason: try Field.text(body.reason, "reason"),
        remedy: try Field.text(body.remedy, "remedy"))
    case .artifactsWanted(let body):
      .artifactsWanted(
        try Field.attempt(body.trial, body.attempt), digests: try digests(body.sha256))
    case .reportTaken(let body):
      .reportTaken(
        try Field.attempt(body.trial, body.attempt),
        index: try Field.count(body.index, "index", in: 0...WireLimits.reportCount - 1))
    case .pieceTaken(let body):
      .pieceTaken(
        try Field.attempt(body.trial, body.attempt),
        byteCount: try Field.byteCount(body.bytes, "bytes")
      )
    case .trajectoryUnknown(let body):
      .trajectoryUnknown(
        try Field.attempt(body.trial, body.attempt),
        byteCount: try Field.byteCount(body.bytes, "bytes")
      )
    case .threadsAssigned(let body):
      .threadsAssigned(
        try Field.attempt(body.trial, body.attempt),
        threads: try Field.count(body.threads, "threads", in: 1...WireLimits.coreCount))
    case .heartbeat: .heartbeat
    case .drain(let body): .drain(reason: try Field.text(body.reason, "reason"))
    }
  }

  private static func digests(_ bodies: [Data]) throws(WireError) -> [Digest] {
    guard bodies.count <= WireLimits.artifactCount else {
      throw .tooLarge(place: "sha256", count: bodies.count, limit: WireLimits.artifactCount)
    }
    var digests: [Digest] = []
    for body in bodies { digests.append(try Field.digest(body, "sha256")) }
    return digests
  }

  private func envelope() throws(WireError) -> PBCoordinatorEnvelope {
    var envelope = PBCoordinatorEnvelope()
    switch self {
    case .welcome(let welcome): envelope.welcome = try welcome.body()
    case .assignment(let assignment): envelope.assignment = try assignment.body()
    case .acknowledgement(let attempt):
      envelope.acknowledgement.trial = attempt.trial.rawValue
      envelope.acknowledgement.attempt = UInt32(clamping: attempt.attempt)
    case .abandon(let attempt, let reason):
      envelope.abandon.trial = attempt.trial.rawValue
      envelope.abandon.attempt = UInt32(clamping: attempt.attempt)
      envelope.abandon.reason = Field.head(of: reason)
    case .announceAgain: envelope.announceAgain = PBAnnounceAgain()
    case .shutDown(let reason): envelope.shutDown.reason = Field.head(of: reason)
    case .refusal(let reason, let remedy):
      envelope.refusal.reason = Field.head(of: reason)
      envelope.refusal.remedy = Field.head(of: remedy)
    case .artifactsWanted(let attempt, let digests):
      _ = try Field.count(digests.count, "sha256", in: 0...WireLimits.artifactCount)
      envelope.artifactsWanted.trial = attempt.trial.rawValue
      envelope.artifactsWanted.attempt = UInt32(clamping: attempt.attempt)
      envelope.artifactsWanted.sha256 = digests.map { Data($0.bytes) }
    case .reportTaken(let attempt, let index):
      envelope.reportTaken.trial = attempt.trial.rawValue
      envelope.reportTaken.attempt = UInt32(clamping: attempt.attempt)
      envelope.reportTaken.index = UInt32(clamping: index)
    case .pieceTaken(let attempt, let byteCount):
      envelope.pieceTaken.trial = attempt.trial.rawValue
      envelope.pieceTaken.attempt = UInt32(clamping: attempt.attempt)
      envelope.pieceTaken.bytes = UInt64(clamping: byteCount)
    case .trajectoryUnknown(let attempt, let byteCount):
      envelope.trajectoryUnknown.trial = attempt.trial.rawValue
      envelope.trajectoryUnknown.attempt = UInt32(clamping: attempt.attempt)
      envelope.trajectoryUnknown.bytes = UInt64(clamping: byteCount)
    case .threadsAssigned(let attempt, let threads):
      _ = try Field.count(threads, "threads", in: 1...WireLimits.coreCount)
      envelope.threadsAssigned.trial = attempt.trial.rawValue
      envelope.threadsAssigned.attempt = UInt32(clamping: attempt.attempt)
      envelope.threadsAssigned.threads = UInt32(clamping: threads)
    case .heartbeat: envelope.heartbeat = PBCoordinatorHeartbeat()
    case .drain(let reason): envelope.drain.reason = Field.head(of: reason)
    }
    return envelope
  }
}

extension CoordinatorMessage.Welcome {
  fileprivate init(_ body: PBWelcome) throws(WireError) {
    let interval = try Field.count(
      body.heartbeatIntervalMs, "heartbeat_interval_ms", in: 100...3_600_000)
    let lostAfter = try Field.count(body.lostAfterMs, "lost_after_ms", in: interval...Int.max)
    let location: CoordinatorMessage.DataLocation
    if body.dataEndpoint.isEmpty {
      location = .port(UInt16(try Field.count(body.dataPort, "data_port", in: 1...65535)))
    } else {
      location = .endpoint(try Field.line(body.dataEndpoint, "data_endpoint"))
    }
    self.init(
      heartbeatInterval: .milliseconds(interval), lostAfter: .milliseconds(lostAfter),
      dataLocation: location, sweep: try Field.line(body.sweep, "sweep"),
      sweepID: try Field.identifier(body.sweepID, "sweep_id"))
  }

  fileprivate func body() throws(WireError) -> PBWelcome {
    let interval = heartbeatInterval / .milliseconds(1)
    guard (100...3_600_000).contains(interval), lostAfter >= heartbeatInterval else {
      throw .malformed(
        place: "welcome", found: "heartbeats every \(heartbeatInterval), lost after \(lostAfter)",
        expected: "0.1 s to 1 h, and no less")
    }
    var body = PBWelcome()
    body.heartbeatIntervalMs = UInt32(interval)
    body.lostAfterMs = UInt32(min(lostAfter / .milliseconds(1), Double(UInt32.max)))
    switch dataLocation {
    case .port(let port): body.dataPort = UInt32(port)
    case .endpoint(let endpoint): body.dataEndpoint = endpoint
    }
    body.sweep = Field.head(of: sweep)
    body.sweepID = try Field.identifier(sweepID, "sweep_id")
    return body
  }
}

extension CoordinatorMessage.Assignment {
  fileprivate init(_ body: PBAssignment) throws(WireError) {
    _ = try Field.count(
      body.checkpoints.count, "checkpoints", in: 0...WireLimits.checkpointCount)
    var checkpoints: [ResumePoint] = []
    for checkpoint in body.checkpoints { checkpoints.append(try ResumePoint(checkpoint)) }
    self.init(
      attempt: try Field.attempt(body.trial, body.attempt),
      configurationJSON: try Field.bytes(
        body.configurationJson, "configuration_json", limit: WireLimits.configurationByteCount),
      images: try Field.digest(body.imagesSha256, "images_sha256"),
      imagesByteCount: try Field.byteCount(body.imagesBytes, "images_bytes"),
      checkpoints: checkpoints,
      stallTimeout: body.stallTimeoutMs == 0 ? nil : .milliseconds(Int(body.stallTimeoutMs)),
      voidThrough: try Field.count(
        body.voidThrough, "void_through", in: 0...AttemptKey.maximum),
      distrustedThrough: try Field.count(
        body.distrustedThrough, "distrusted_through", in: 0...AttemptKey.maximum),
      wantsLastCheckpoint: body.wantsLastCheckpoint,
      threads: try Field.threads(body.threads))
  }

  fileprivate func body() throws(WireError) -> PBAssignment {
    _ = try Field.count(
      configurationJSON.count, "configuration_json bytes",
      in: 0...WireLimits.configurationByteCount)
    _ = try Field.count(checkpoints.count, "checkpoints", in: 0...WireLimits.checkpointCount)
    var body = PBAssignment()
    body.trial = attempt.trial.rawValue
    body.attempt = UInt32(clamping: attempt.attempt)
    body.configurationJson = Data(configurationJSON)
    body.imagesSha256 = Data(images.bytes)
    body.imagesBytes = UInt64(clamping: imagesByteCount)
    body.checkpoints = checkpoints.map(\.body)
    body.voidThrough = UInt32(clamping: voidThrough)
    body.distrustedThrough = UInt32(clamping: distrustedThrough)
    body.wantsLastCheckpoint = wantsLastCheckpoint
    body.threads = UInt32(clamping: threads ?? 0)
    if let stallTimeout {
      // 0 would mean that no timeout is given.
      let milliseconds = max(stallTimeout / .milliseconds(1), 1)
      body.stallTimeoutMs = UInt32(min(milliseconds, Double(UInt32.max)))
    }
    return body
  }
}
