import Digests
import Foundation

extension DataRequest {
  /// The request in frames for the data connection.
  ///
  /// - Throws: ``WireError`` when a part is beyond its limit.
  package func frames() throws(WireError) -> [[UInt8]] {
    var envelope = PBDataRequestEnvelope()
    switch self {
    case .fetch(let digest, let offset, let byteCountMaximum):
      envelope.fetch.sha256 = Data(digest.bytes)
      envelope.fetch.offset = UInt64(clamping: offset)
      envelope.fetch.maxBytes = UInt32(clamping: byteCountMaximum)
    case .offer(let digest, let byteCount):
      envelope.offer.sha256 = Data(digest.bytes)
      envelope.offer.bytes = UInt64(clamping: byteCount)
    case .store(let digest, let offset, let total, let payload):
      envelope.store.sha256 = Data(digest.bytes)
      envelope.store.offset = UInt64(clamping: offset)
      envelope.store.total = UInt64(clamping: total)
      envelope.store.payload = Data(payload)
    }
    return try Framing.frames(of: envelope, limit: WireLimits.dataEnvelopeByteCount)
  }

  /// Reads a request that a worker sent.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.openCurrent(
      frames, as: PBDataRequestEnvelope.self, limit: WireLimits.dataEnvelopeByteCount)
    switch envelope.body {
    case .fetch(let body):
      self = .fetch(
        try Field.digest(body.sha256, "sha256"), offset: try Field.byteCount(body.offset, "offset"),
        byteCountMaximum: try Field.count(
          body.maxBytes, "max_bytes", in: 1...WireLimits.chunkByteCount))
    case .offer(let body):
      self = .offer(
        try Field.digest(body.sha256, "sha256"), byteCount: try Field.byteCount(body.bytes, "bytes")
      )
    case .store(let body):
      let piece = try Piece(offset: body.offset, total: body.total, payload: body.payload)
      self = .store(
        try Field.digest(body.sha256, "sha256"), offset: piece.offset, total: piece.total,
        payload: piece.payload)
    case nil: throw .unknownBody(version: version)
    }
  }
}

extension DataReply {
  /// The reply in frames for the data connection.
  ///
  /// - Throws: ``WireError`` when a part is beyond its limit.
  package func frames() throws(WireError) -> [[UInt8]] {
    var envelope = PBDataReplyEnvelope()
    switch self {
    case .chunk(let digest, let offset, let total, let payload):
      envelope.chunk.sha256 = Data(digest.bytes)
      envelope.chunk.offset = UInt64(clamping: offset)
      envelope.chunk.total = UInt64(clamping: total)
      envelope.chunk.payload = Data(payload)
    case .wanted(let digest, let offset):
      envelope.wanted.sha256 = Data(digest.bytes)
      envelope.wanted.offset = UInt64(clamping: offset)
    case .stored(let digest): envelope.stored.sha256 = Data(digest.bytes)
    case .missing(let digest): envelope.missing.sha256 = Data(digest.bytes)
    case .rejected(let digest, let reason):
      envelope.rejected.sha256 = Data(digest.bytes)
      envelope.rejected.reason = Field.head(of: reason)
    }
    return try Framing.frames(of: envelope, limit: WireLimits.dataEnvelopeByteCount)
  }

  /// Reads a reply that a coordinator sent.
  ///
  /// - Throws: ``WireError``. Arbitrary bytes never trap.
  package init(frames: [[UInt8]]) throws(WireError) {
    let (envelope, version) = try Framing.openCurrent(
      frames, as: PBDataReplyEnvelope.self, limit: WireLimits.dataEnvelopeByteCount)
    switch envelope.body {
    case .chunk(let body):
      let piece = try Piece(offset: body.offset, total: body.total, payload: body.payload)
      self = .chunk(
        try Field.digest(body.sha256, "sha256"), offset: piece.offset, total: piece.total,
        payload: piece.payload)
    case .wanted(let body):
      self = .wanted(
        try Field.digest(body.sha256, "sha256"), offset: try Field.byteCount(body.offset, "offset"))
    case .stored(let body): self = .stored(try Field.digest(body.sha256, "sha256"))
    case .missing(let body): self = .missing(try Field.digest(body.sha256, "sha256"))
    case .rejected(let body):
      self = .rejected(
        try Field.digest(body.sha256, "sha256"), reason: try Field.text(body.reason, "reason"))
    case nil: throw .unknownBody(version: version)
    }
  }
}

/// A piece within the bounds of its blob.
private struct Piece {
  var offset: Int
  var total: Int
  var payload: [UInt8]

  init(offset: UInt64, total: UInt64, payload: Data) throws(WireError) {
    self.total = try Field.byteCount(total, "total")
    self.offset = try Field.count(offset, "offset", in: 0...self.total)
    self.payload = try Field.bytes(payload, "payload", limit: WireLimits.chunkByteCount)
    guard self.payload.count <= self.total - self.offset else {
      throw .malformed(
        place: "payload", found: "\(self.payload.count) bytes at \(offset) of \(total)",
        expected: "a piece within the blob")
    }
  }
}
