import Digests

/// What a worker asks on the data connection.
package enum DataRequest: Hashable, Sendable {
  /// Give a piece of a blob, at most `byteCountMaximum` bytes from `offset` on.
  case fetch(Digest, offset: Int, byteCountMaximum: Int)
  /// May I store a blob of `byteCount` bytes?
  case offer(Digest, byteCount: Int)
  /// Store this piece of a blob of `total` bytes.
  case store(Digest, offset: Int, total: Int, payload: [UInt8])

  /// The blob in question.
  package var digest: Digest {
    switch self {
    case .fetch(let digest, _, _), .offer(let digest, _), .store(let digest, _, _, _): digest
    }
  }
}

/// What a coordinator answers on the data connection.
package enum DataReply: Hashable, Sendable {
  /// A piece of a blob of `total` bytes.
  case chunk(Digest, offset: Int, total: Int, payload: [UInt8])
  /// Store the blob from here on.
  case wanted(Digest, offset: Int)
  /// The blob is complete, verified and durable.
  case stored(Digest)
  /// There is no such blob.
  case missing(Digest)
  /// The request cannot be served; repeating it is of no use.
  case rejected(Digest, reason: String)

  /// The blob in question.
  package var digest: Digest {
    switch self {
    case .chunk(let digest, _, _, _), .wanted(let digest, _), .stored(let digest),
      .missing(let digest), .rejected(let digest, _):
      digest
    }
  }
}
