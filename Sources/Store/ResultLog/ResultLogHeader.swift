import Digests

/// The beginning of a log of results: which sweep's record it belongs to.
///
/// ``ResultLog`` says where each part stands. All versions of the format begin like this.
struct ResultLogHeader: Hashable {
  /// How many bytes a header has.
  static let byteCount = 68
  /// The version of the format that is written.
  static let currentVersion: UInt32 = 1

  private static let magic = Array("BNSWRLOG".utf8)
  private static let identityByteCount = 16

  /// The version of the format.
  let version: UInt32
  /// The identity of the sweep's record: 16 hexadecimal digits.
  let identity: String
  /// A number drawn for this log, which every entry repeats.
  let salt: UInt64

  /// The header of a new log.
  ///
  /// - Throws: ``StoreError/refused(reason:)`` when the identity is none.
  init(identity: String, salt: UInt64) throws(StoreError) {
    guard UInt64(hexadecimal: identity) != nil else {
      throw .refused(
        reason: "found the identity \"\(identity)\" of a record, expected 16 hexadecimal digits")
    }
    version = Self.currentVersion
    self.identity = identity
    self.salt = salt
  }

  /// Reads a header; nil when its digest does not prove it.
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

  /// The header as it stands in the file.
  var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: version)
    bytes.append(contentsOf: identity.utf8)
    bytes.append(littleEndian: salt)
    bytes.append(contentsOf: Digest.of(bytes).bytes)
    return bytes
  }
}
