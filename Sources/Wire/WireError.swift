/// Why frames cannot be decoded or a message cannot be encoded.
///
/// None of these ends the process: the peer is refused (``otherMajor(found:)``), or the message is
/// dropped and counted.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The peer speaks another major version and must be refused.
  case otherMajor(found: ProtocolVersion)
  /// The envelope is valid, but its kind of message is unknown and must be ignored.
  case unknownBody(version: ProtocolVersion)
  /// The frames violate the protocol.
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
