/// Reads numbers and texts from the front of some bytes, never beyond their end.
struct LittleEndianCursor {
  /// The bytes not read yet.
  private(set) var rest: ArraySlice<UInt8>

  /// Starts at the front of some bytes.
  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next bytes; nil when there are fewer.
  mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// The next little-endian integer; nil if there are too few bytes.
  mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
    bytes(Number.bitWidth / 8)?.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(as: Number.self))
    }
  }

  /// The next text of so many bytes; nil if there are fewer or they are not UTF-8.
  mutating func text(_ byteCount: Int) -> String? {
    bytes(byteCount).flatMap { String(validating: $0, as: UTF8.self) }
  }
}

extension [UInt8] {
  /// Appends a little-endian integer.
  mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
