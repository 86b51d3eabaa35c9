/// A SHA-256 digest, which identifies a byte sequence.
///
/// Digests identify image archives, files and results on disk, on the wire and in provenance. The
/// text form is 64 lowercase hexadecimal digits.
package struct Digest: Hashable, Sendable {
  // The 32 bytes as four big-endian numbers, so that a digest needs no heap memory.
  private let first: UInt64
  private let second: UInt64
  private let third: UInt64
  private let fourth: UInt64

  /// The bytes of a digest.
  package static let byteCount = 32

  /// Reads 32 bytes; returns nil for any other count.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }
    (first, second, third, fourth) = (word(0), word(1), word(2), word(3))
  }

  /// Wraps 32 bytes; returns nil for any other count.
  package init?(bytes: some Collection<UInt8>) {
    guard let digest = Array(bytes).withUnsafeBytes({ Digest($0) }) else { return nil }
    self = digest
  }

  /// Parses 64 hexadecimal digits, upper or lower case; returns nil for anything else.
  package init?(hexadecimal: String) {
    var hexadecimal = hexadecimal
    let digest = hexadecimal.withUTF8 { digits -> Digest? in
      guard digits.count == 2 * Self.byteCount else { return nil }
      func word(_ index: Int) -> UInt64? {
        UInt64(hexadecimal: UnsafeBufferPointer(rebasing: digits[16 * index..<16 * index + 16]))
      }
      guard let first = word(0), let second = word(1), let third = word(2), let fourth = word(3)
      else { return nil }
      return Digest(first: first, second: second, third: third, fourth: fourth)
    }
    guard let digest else { return nil }
    self = digest
  }

  private init(first: UInt64, second: UInt64, third: UInt64, fourth: UInt64) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
  }

  /// The 32 bytes of the digest.
  package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// Calls a function with the 32 bytes of the digest.
  package func withUnsafeBytes<Value>(
    _ body: (UnsafeRawBufferPointer) throws -> Value
  ) rethrows -> Value {
    let words = (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
    return try Swift.withUnsafeBytes(of: words, body)
  }

  /// The first eight bytes as a big-endian number.
  package var leadingBits: UInt64 { first }

  /// The digest as 64 lowercase hexadecimal digits.
  package var hexadecimal: String {
    first.hexadecimal + second.hexadecimal + third.hexadecimal + fourth.hexadecimal
  }
}

extension Digest: CustomStringConvertible {
  package var description: String { hexadecimal }
}

extension Digest: Comparable {
  package static func < (left: Digest, right: Digest) -> Bool {
    (left.first, left.second, left.third, left.fourth)
      < (right.first, right.second, right.third, right.fourth)
  }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let digest = Digest(hexadecimal: text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a SHA-256 digest of 64 hexadecimal digits, found \"\(text)\"")
      )
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hexadecimal)
  }
}
