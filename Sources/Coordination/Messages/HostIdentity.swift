/// The identity of a host: its name and, if its workers send one, an id, written `name~id`.
///
/// The name alone is not unique: many machines are called "localhost" or like the image that they
/// were installed from.
package enum HostIdentity {
  /// Length of an id in hexadecimal digits.
  package static let idCount = 8

  /// A host's identity.
  ///
  /// - Parameter id: Empty if its workers send none; hosts of the same name then count as one host.
  package static func text(name: String, id: String) -> String {
    id.isEmpty ? name : "\(name)~\(id)"
  }

  /// The name in an identity.
  package static func name(in identity: String) -> String {
    let id = identity.utf8.suffix(idCount)
    let rest = identity.utf8.dropLast(idCount)
    guard id.count == idCount, id.allSatisfy(isHexadecimal), rest.last == UInt8(ascii: "~") else {
      return identity
    }
    return String(decoding: rest.dropLast(), as: UTF8.self)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }
}
