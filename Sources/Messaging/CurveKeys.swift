import CZeroMQ

/// A CURVE public key, which identifies a peer and is not secret.
///
/// Shown as 64 hexadecimal digits, which need no quoting in shells and files, unlike ZeroMQ's Z85.
package struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
  /// The key's 32 bytes.
  package let bytes: [UInt8]

  /// A key of 32 bytes; nil for any other number.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  /// Parses a key: 64 hexadecimal digits, or 40 characters of ZeroMQ's Z85.
  package init?(_ text: String) {
    guard let bytes = KeyText.bytes(hexadecimal: text) ?? KeyText.bytes(z85: text) else {
      return nil
    }
    self.bytes = bytes
  }

  package var description: String { KeyText.hexadecimal(bytes) }

  /// The first eight digits, for messages.
  package var short: String { String(description.prefix(8)) }
}

/// A CURVE secret key; only ``exposed`` gives its text.
package struct CurveSecretKey: Hashable, Sendable {
  let bytes: [UInt8]

  /// A key of 32 bytes; nil for any other number.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  /// Parses the text of ``exposed``.
  package init?(_ text: String) {
    guard let bytes = KeyText.bytes(hexadecimal: text) else { return nil }
    self.bytes = bytes
  }

  /// The key as 64 hexadecimal digits, for its own file or a pipe to a child process only.
  package var exposed: String { KeyText.hexadecimal(bytes) }
}

extension CurveSecretKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "(secret)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A public key and its secret one.
package struct CurveKeyPair: Hashable, Sendable {
  /// The public key, which identifies the holder.
  package let publicKey: CurvePublicKey
  /// The secret key, which authenticates the holder.
  package let secretKey: CurveSecretKey

  /// The pair of a secret key.
  ///
  /// The C function is `zmq_curve_public`.
  ///
  /// - Throws: ``MessagingError`` when libzmq was built without CURVE.
  package init(secretKey: CurveSecretKey) throws(MessagingError) {
    var publicText = [CChar](repeating: 0, count: 41)
    let secretText = KeyText.z85(secretKey.bytes)
    try Call.check("zmq_curve_public", "") { zmq_curve_public(&publicText, secretText) }
    publicKey = CurvePublicKey(bytes: KeyText.bytes(z85: publicText))!
    self.secretKey = secretKey
  }

  private init(publicText: [CChar], secretText: [CChar]) {
    publicKey = CurvePublicKey(bytes: KeyText.bytes(z85: publicText))!
    secretKey = CurveSecretKey(bytes: KeyText.bytes(z85: secretText))!
  }

  /// Generates a pair from the system's random numbers.
  ///
  /// The C function is `zmq_curve_keypair`.
  ///
  /// - Throws: ``MessagingError`` when libzmq was built without CURVE.
  package static func generate() throws(MessagingError) -> CurveKeyPair {
    var publicText = [CChar](repeating: 0, count: 41)
    var secretText = [CChar](repeating: 0, count: 41)
    try Call.check("zmq_curve_keypair", "") { zmq_curve_keypair(&publicText, &secretText) }
    return CurveKeyPair(publicText: publicText, secretText: secretText)
  }
}

/// Keys as text.
private enum KeyText {
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  static func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == 64, !digits.contains(nil) else { return nil }
    return stride(from: 0, to: 64, by: 2).map {
      UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0))
    }
  }

  /// The C function is `zmq_z85_encode`.
  static func z85(_ bytes: [UInt8]) -> [CChar] {
    var text = [CChar](repeating: 0, count: 41)
    zmq_z85_encode(&text, bytes, bytes.count)
    return text
  }

  static func bytes(z85 text: String) -> [UInt8]? {
    // libzmq indexes a table that starts at the space character.
    guard text.utf8.count == 40, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: 32)
    return zmq_z85_decode(&bytes, text) == nil ? nil : bytes
  }

  /// The C function is `zmq_z85_decode`; the text must be from libzmq.
  static func bytes(z85 text: [CChar]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    zmq_z85_decode(&bytes, text)
    return bytes
  }
}
