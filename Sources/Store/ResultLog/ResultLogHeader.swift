import Digests

/// The header of a result log, which identifies the sweep's record.
///
/// ``ResultLog`` describes the layout. All versions of the format start with it.
struct ResultLogHeader: Hashable {
  /// Length of a header in bytes.
  static let byteCount = 68
  /// The version of the format that is written.
  static let currentVersion: UInt32 = 1

  private static let magic = Array("BNSWRLOG".utf8)
  private static let identityByteCount = 16

  /// The version of the format.
  let version: UInt32
  /// The identity of the sweep's record: 16 hexadecimal digits.
  let identity: String
  /// A random number of this log, which every entry repeats.
  let salt: UInt64

  /// The header of a new log.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` if the identity is invalid.
  init(identity: String, salt: UInt64) throws(StoreError) {
    guard UInt64(hexadecimal: identity) != nil else {
      throw .refused(
        reason: "found the identity \"\(identity)\" of a record, expected 16 hexadecimal digits")
    }
    version = Self.currentVersion
    self.identity = identity
    self.salt = salt
  }

  /// Reads a header; nil if its digest does not match.
  init?(_ bytes: [UInt8]) {
    var cursor = LittleEndianCursor(bytes[...])
    guard let magic = cursor.bytes(Self.magic.count), magic.elementsEqual(Self.magic),
      let version = cursor.number(UInt32.self),
      let identity = cursor.text(Self.identityByteCount),
      let salt = cursor.number(UInt64.self),
      let digest = cursor.bytes(Digest.byteCount).flatMap({ Digest(bytes: $0) }),
      digest == Digest.of(bytes.prefix(Self.byteCount - Digest.byteCount))
    else { return nil }
    self.version = version
    self.identity = identity
    self.salt = salt
  }

  /// The header's bytes.
  var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: version)
    bytes.append(contentsOf: identity.utf8)
    bytes.append(littleEndian: salt)
    bytes.append(contentsOf: Digest.of(bytes).bytes)
    return bytes
  }
}
