/// Why frames are not a message, or a message does not fit into frames.
///
/// None of these is a reason to stop: the peer is refused (``otherMajor(found:)``), or the
/// message is dropped and counted.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The peer speaks another major version; it alone is to be refused.
  case otherMajor(found: ProtocolVersion)
  /// The envelope is sound, but its kind of message is not known here; to be ignored.
  case unknownBody(version: ProtocolVersion)
  /// The frames are not what the protocol says.
  case malformed(place: String, found: String, expected: String)
  /// A part is larger than the protocol allows.
  case tooLarge(place: String, count: Int, limit: Int)

  package var description: String {
    switch self {
    case .otherMajor(let found):
      "protocol version \(found), expected \(ProtocolVersion.current.major).x"
    case .unknownBody(let version):
      "a kind of message that is unknown here, in protocol version \(version)"
    case .malformed(let place, let found, let expected):
      "\(place): found \(found), expected \(expected)"
    case .tooLarge(let place, let count, let limit):
      "\(place): found \(count), expected at most \(limit)"
    }
  }
}
