import Digests
import Foundation

/// The frame before an entry's payload, with marker, length and digest.
///
/// ``ResultLog`` describes the layout.
struct ResultLogFrame {
  /// Length of a frame in bytes.
  static let byteCount = 65
  /// Longest payload in bytes: 64 MiB.
  static let payloadByteLimit = 64 << 20
  /// The first bytes of every frame.
  static let marker = Array("BNSWRENT".utf8)

  /// The random number of the log.
  let salt: UInt64
  /// The kind of the entry.
  let kind: ResultLogEntry.Kind
  /// Length of the payload in bytes.
  let payloadByteCount: Int
  private let offset: Int
  private let digest: Digest

  /// Reads a frame; nil if it is invalid or was written for another offset.
  init?(_ bytes: ArraySlice<UInt8>, at offset: Int) {
    var cursor = LittleEndianCursor(bytes)
    guard let marker = cursor.bytes(Self.marker.count), marker.elementsEqual(Self.marker),
      let salt = cursor.number(UInt64.self),
      cursor.number(UInt64.self) == UInt64(offset),
      let kind = cursor.number(UInt8.self).flatMap(ResultLogEntry.Kind.init),
      let payloadByteCount = cursor.number(UInt32.self),
      cursor.number(UInt32.self) == ~payloadByteCount,
      payloadByteCount <= Self.payloadByteLimit,
      let digest = cursor.bytes(Digest.byteCount).flatMap({ Digest(bytes: $0) })
    else { return nil }
    self.salt = salt
    self.offset = offset
    self.kind = kind
    self.payloadByteCount = Int(payloadByteCount)
    self.digest = digest
  }

  /// Appends an entry, frame and payload, to a group.
  ///
  /// - Parameters:
  ///   - salt: The log's.
  ///   - offset: The entry's offset in the file.
  /// - Throws: ``StoreError/refused(reason:)`` when the entry is too long.
  static func append(
    _ entry: ResultLogEntry, salt: UInt64, at offset: Int, to bytes: inout [UInt8]
  ) throws(StoreError) {
    let payload = try entry.payload()
    guard payload.count <= payloadByteLimit else {
      throw .refused(
        reason: "found an entry of \(payload.count) bytes for the log of results, expected at most "
          + "\(payloadByteLimit)")
    }
    let head = head(
      salt: salt, offset: offset, kind: entry.kind, payloadByteCount: payload.count)
    bytes.append(contentsOf: head)
    digest(of: head, payload[...]).withUnsafeBytes { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: payload)
  }

  /// Whether the frame's digest matches the frame and a payload.
  func isProved(by payload: ArraySlice<UInt8>) -> Bool {
    let head = Self.head(
      salt: salt, offset: offset, kind: kind, payloadByteCount: payloadByteCount)
    return payload.count == payloadByteCount && Self.digest(of: head, payload) == digest
  }

  /// The frame without its digest.
  private static func head(
    salt: UInt64, offset: Int, kind: ResultLogEntry.Kind, payloadByteCount: Int
  ) -> [UInt8] {
    var head = marker
    head.reserveCapacity(byteCount)
    head.append(littleEndian: salt)
    head.append(littleEndian: UInt64(offset))
    head.append(kind.rawValue)
    head.append(littleEndian: UInt32(payloadByteCount))
    head.append(littleEndian: ~UInt32(payloadByteCount))
    return head
  }

  private static func digest(of head: [UInt8], _ payload: ArraySlice<UInt8>) -> Digest {
    var stream = DigestStream()
    stream.append(head)
    stream.append(payload)
    return stream.digest
  }
}
