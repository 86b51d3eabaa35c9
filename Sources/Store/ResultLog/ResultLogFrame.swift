import Digests
import Foundation

/// What stands before an entry's payload: what finds the entry, bounds it and proves it.
///
/// ``ResultLog`` says where each part stands.
struct ResultLogFrame {
  /// How many bytes a frame has.
  static let byteCount = 65
  /// How many bytes a payload may have: 64 MiB.
  static let payloadByteLimit = 64 << 20
  /// What every frame begins with.
  static let marker = Array("BNSWRENT".utf8)

  /// The number that is drawn for each log.
  let salt: UInt64
  /// What the entry is.
  let kind: ResultLogEntry.Kind
  /// How many bytes follow the frame.
  let payloadByteCount: Int
  private let offset: Int
  private let digest: Digest

  /// Reads a frame; nil when it is none, or none of this place in a file.
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

  /// Appends an entry, frame and payload, to those that are written with it.
  ///
  /// - Parameters:
  ///   - salt: The log's.
  ///   - offset: Where in the file the entry will stand.
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

  /// Whether a payload is the one that the frame was written for, and the frame is as it was.
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
