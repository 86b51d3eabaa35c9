import Digests

/// A request of a worker on the data connection.
package enum DataRequest: Hashable, Sendable {
  /// Fetch a piece of a blob, at most `byteCountMaximum` bytes from `offset` on.
  case fetch(Digest, offset: Int, byteCountMaximum: Int)
  /// Ask to store a blob of `byteCount` bytes.
  case offer(Digest, byteCount: Int)
  /// Store this piece of a blob of `total` bytes.
  case store(Digest, offset: Int, total: Int, payload: [UInt8])

  /// The blob that it is about.
  package var digest: Digest {
    switch self {
    case .fetch(let digest, _, _), .offer(let digest, _), .store(let digest, _, _, _): digest
    }
  }
}

/// A reply of the coordinator on the data connection.
package enum DataReply: Hashable, Sendable {
  /// A piece of a blob of `total` bytes.
  case chunk(Digest, offset: Int, total: Int, payload: [UInt8])
  /// Send the blob from this offset on.
  case wanted(Digest, offset: Int)
  /// The blob is complete, verified and durable.
  case stored(Digest)
  /// There is no such blob.
  case missing(Digest)
  /// The request is rejected. A repetition would be rejected too.
  case rejected(Digest, reason: String)

  /// The blob that it is about.
  package var digest: Digest {
    switch self {
    case .chunk(let digest, _, _, _), .wanted(let digest, _), .stored(let digest),
      .missing(let digest), .rejected(let digest, _):
      digest
    }
  }
}
