/// How hosts are told apart: by name and, where their workers say one, by an id, written `name~id`.
///
/// Many machines call themselves "localhost" or by the name of the image that they were made from.
package enum HostIdentity {
  /// How many characters an id has, all of them hexadecimal digits.
  package static let idCount = 8

  /// A host's identity.
  ///
  /// - Parameter id: Empty where its workers say none; then hosts of one name are one host.
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
