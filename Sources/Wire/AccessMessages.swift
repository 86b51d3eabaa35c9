import Foundation

/// A request for enrolment or information.
package enum AccessRequest: Hashable, Sendable {
  /// Admit this key, of a worker on the host of this name.
  case enrolment(key: [UInt8], host: String)
  /// Ask for the coordinator's introduction.
  case inquiry(productVersion: String)
}

/// The answer to an ``AccessRequest``.
package enum AccessReply: Hashable, Sendable {
  /// The key is admitted under a name.
  case enrolled(name: String)
  /// The coordinator's introduction.
  case introduction(Introduction)
  /// Refused, with the reason and what a person should do.
  case refusal(reason: String, remedy: String)

  /// A coordinator's description of itself.
  package struct Introduction: Hashable, Sendable {
    /// Version of the coordinator.
    package var productVersion: String
    /// Its clock, in milliseconds since 1970.
    package var unixMilliseconds: Int
    /// Port of its data connection.
    package var dataPort: UInt16
    /// The sweep's name.
    package var sweep: String
    /// The name of the sender's key; nil on an unencrypted connection.
    package var name: String?

    /// An introduction of the given parts.
    package init(
      productVersion: String, unixMilliseconds: Int, dataPort: UInt16, sweep: String, name: String?
    ) {
      self.productVersion = productVersion
      self.unixMilliseconds = unixMilliseconds
      self.dataPort = dataPort
      self.sweep = sweep
      self.name = name
    }
  }
}

extension AccessRequest {
  /// The request in frames for the control connection.
  package func frames() throws(WireError) -> [[UInt8]] {
    var envelope = PBAccessRequestEnvelope()
    switch self {
    case .enrolment(let key, let host):
      envelope.enrolment.workerKey = Data(key)
      envelope.enrolment.host = Field.head(of: host, limit: 256)
    case .inquiry(let productVersion):
      envelope.inquiry.productVersion = Field.head(of: productVersion)
    }
    return try Framing.frames(of: envelope, limit: WireLimits.accessEnvelopeByteCount)
  }

  /// Reads a request.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.openCurrent(
      frames, as: PBAccessRequestEnvelope.self, limit: WireLimits.accessEnvelopeByteCount)
    switch envelope.body {
    case .enrolment(let body):
      let key = [UInt8](body.workerKey)
      guard key.count == 32 else {
        throw .malformed(place: "worker_key", found: "\(key.count) bytes", expected: "32 bytes")
      }
      self = .enrolment(key: key, host: try Field.line(body.host, "host", limit: 256))
    case .inquiry(let body):
      self = .inquiry(productVersion: try Field.line(body.productVersion, "product_version"))
    case nil: throw .unknownBody(version: version)
    }
  }
}

extension AccessReply {
  /// The reply in frames for the control connection; texts for people are cut to their limits.
  package func frames() throws(WireError) -> [[UInt8]] {
    var envelope = PBAccessReplyEnvelope()
    switch self {
    case .enrolled(let name): envelope.enrolled.name = try Field.identifier(name, "name")
    case .introduction(let introduction): envelope.introduction = introduction.body
    case .refusal(let reason, let remedy):
      envelope.refusal.reason = Field.head(of: reason)
      envelope.refusal.remedy = Field.head(of: remedy)
    }
    return try Framing.frames(of: envelope, limit: WireLimits.controlEnvelopeByteCount)
  }

  /// Reads a reply; a refusal may have another major version.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.open(
      frames, as: PBAccessReplyEnvelope.self, limit: WireLimits.controlEnvelopeByteCount)
    if case .refusal(let body) = envelope.body {
      self = .refusal(
        reason: try Field.text(body.reason, "reason"),
        remedy: try Field.text(body.remedy, "remedy"))
      return
    }
    guard version.major == ProtocolVersion.current.major else { throw .otherMajor(found: version) }
    switch envelope.body {
    case .enrolled(let body): self = .enrolled(name: try Field.identifier(body.name, "name"))
    case .introduction(let body): self = .introduction(try Introduction(body))
    case .refusal, nil: throw .unknownBody(version: version)
    }
  }
}

extension AccessReply.Introduction {
  fileprivate init(_ body: PBIntroduction) throws(WireError) {
    self.init(
      productVersion: try Field.line(body.productVersion, "product_version"),
      unixMilliseconds: try Field.count(body.unixMs, "unix_ms"),
      dataPort: UInt16(try Field.count(body.dataPort, "data_port", in: 0...65535)),
      sweep: try Field.line(body.sweep, "sweep"),
      name: body.name.isEmpty ? nil : try Field.identifier(body.name, "name"))
  }

  fileprivate var body: PBIntroduction {
    var body = PBIntroduction()
    body.productVersion = Field.head(of: productVersion)
    body.unixMs = Int64(clamping: unixMilliseconds)
    body.dataPort = UInt32(dataPort)
    body.sweep = Field.head(of: sweep)
    body.name = name ?? ""
    return body
  }
}
