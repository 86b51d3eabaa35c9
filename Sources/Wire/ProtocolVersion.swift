/// The version of the protocol that a message was written in.
///
/// Frame 0 of every message is eight bytes: the letters `BNSW`, the major and the minor version
/// as little-endian 16-bit numbers. A peer of another major version is refused, alone; a peer of
/// another minor version is served.
package struct ProtocolVersion: Hashable, Sendable, CustomStringConvertible {
  /// Raised when the meaning of an existing message changes.
  package var major: UInt16
  /// Raised when messages or fields are added.
  package var minor: UInt16

  /// A version of the given numbers.
  package init(major: UInt16, minor: UInt16) {
    self.major = major
    self.minor = minor
  }

  /// The version that this code speaks.
  package static let current = ProtocolVersion(major: 2, minor: 3)

  package var description: String { "\(major).\(minor)" }
}

extension ProtocolVersion {
  private static let magic = Array("BNSW".utf8)

  /// Frame 0 of a message in this version.
  var header: [UInt8] {
    Self.magic + [major, minor].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }

  /// Reads frame 0 of a message.
  init(header: [UInt8]) throws(WireError) {
    guard header.count == 8, header.starts(with: Self.magic) else {
      throw .malformed(
        place: "frame 0", found: "\(header.count) bytes \(header.prefix(8))",
        expected: "8 bytes that begin with BNSW")
    }
    let numbers = header.dropFirst(4).map(UInt16.init)
    major = numbers[0] | numbers[1] << 8
    minor = numbers[2] | numbers[3] << 8
  }
}
