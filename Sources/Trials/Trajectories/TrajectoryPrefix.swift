import Digests
import Foundation

/// A prefix of a trial's `trajectory.csv`, identified by length and digest.
package struct TrajectoryPrefix: Codable, Hashable, Sendable {
  /// Its length in bytes.
  package var byteCount: Int
  /// Their SHA-256.
  package var digest: Digest

  /// The first `byteCount` bytes.
  package init(byteCount: Int, digest: Digest) {
    self.byteCount = byteCount
    self.digest = digest
  }

  /// The bytes that a digest stream has hashed.
  package init(_ stream: DigestStream, byteCount: Int) {
    self.init(byteCount: byteCount, digest: stream.digest)
  }

  /// The empty prefix.
  package static let empty = TrajectoryPrefix(byteCount: 0, digest: Digest.of(""))

  private enum CodingKeys: String, CodingKey {
    case byteCount = "bytes"
    case digest = "sha256"
  }
}

/// A prefix of a trajectory, with the hash state from which its digest can be continued without the
/// prefix's bytes.
package struct TrajectoryStart: Codable, Hashable, Sendable {
  /// The prefix.
  package var prefix: TrajectoryPrefix
  /// The state of SHA-256 after it (``Digests/DigestStream/state``).
  package var hashState: [UInt8]

  /// A start; nil if the state does not match the prefix.
  package init?(prefix: TrajectoryPrefix, hashState: [UInt8]) {
    guard
      let stream = DigestStream(state: hashState, byteCount: prefix.byteCount),
      stream.digest == prefix.digest
    else { return nil }
    self.prefix = prefix
    self.hashState = hashState
  }

  private enum CodingKeys: String, CodingKey {
    case prefix
    case hashState = "hash_state"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let prefix = try container.decode(TrajectoryPrefix.self, forKey: .prefix)
    let state = [UInt8](try container.decode(Data.self, forKey: .hashState))
    guard let start = TrajectoryStart(prefix: prefix, hashState: state) else {
      throw DecodingError.dataCorruptedError(
        forKey: .hashState, in: container,
        debugDescription: "expected the state of SHA-256 after \(prefix.byteCount) bytes")
    }
    self = start
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(prefix, forKey: .prefix)
    try container.encode(Data(hashState), forKey: .hashState)
  }

  /// The end of the bytes that a digest stream has hashed.
  package init(_ stream: DigestStream, byteCount: Int) {
    prefix = TrajectoryPrefix(stream, byteCount: byteCount)
    hashState = stream.state
  }

  /// Before the first byte.
  package static let beginning = TrajectoryStart(DigestStream(), byteCount: 0)

  /// The digest so far.
  package var stream: DigestStream {
    guard let stream = DigestStream(state: hashState, byteCount: prefix.byteCount) else {
      preconditionFailure("a start is made with a state of its prefix")
    }
    return stream
  }

  /// The start after some more bytes.
  package func advanced(by bytes: [UInt8]) -> TrajectoryStart {
    var stream = stream
    stream.append(bytes)
    return TrajectoryStart(stream, byteCount: prefix.byteCount + bytes.count)
  }
}
