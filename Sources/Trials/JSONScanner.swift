import Foundation

/// Reads JSON of a known order of keys, byte by byte: what the canonical spelling of a value is.
///
/// It knows neither white space nor escapes; whoever meets what it does not know reads the text
/// by the general decoder instead.
struct JSONScanner {
  /// The text is not in the order or the spelling that is asked for.
  struct Unexpected: Error {}

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  /// The bytes from a position up to this one.
  func bytes(since start: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[start..<position])
  }

  /// Takes a fixed text.
  mutating func expect(_ text: StaticString) throws(Unexpected) {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count,
      memcmp(bytes.baseAddress! + position, text.utf8Start, count) == 0
    else { throw Unexpected() }
    position += count
  }

  /// Whether a fixed text comes next; takes it if so.
  mutating func takes(_ text: StaticString) -> Bool {
    (try? expect(text)) != nil
  }

  /// Takes a string without escapes.
  mutating func string() throws(Unexpected) -> String {
    guard let text = String(validating: try rawString(), as: UTF8.self) else {
      throw Unexpected()
    }
    return text
  }

  /// Takes a string without escapes, as bytes.
  mutating func rawString() throws(Unexpected) -> UnsafeBufferPointer<UInt8> {
    try expect("\"")
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        return UnsafeBufferPointer(rebasing: bytes[start..<position - 1])
      }
      guard byte >= 0x20, byte != UInt8(ascii: "\\") else { break }
      position += 1
    }
    throw Unexpected()
  }

  /// Takes a number.
  mutating func double() throws(Unexpected) -> Double {
    guard let value = Double(try numeral()) else { throw Unexpected() }
    return value
  }

  /// Takes a whole number without an exponent.
  mutating func int() throws(Unexpected) -> Int {
    guard let value = Int(try numeral()) else { throw Unexpected() }
    return value
  }

  private mutating func numeral() throws(Unexpected) -> Substring {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        position += 1
        continue
      default: break
      }
      break
    }
    // What the number readers would take and JSON does not allow.
    let text = bytes(since: start)
    guard let first = text.first, let last = text.last, first != UInt8(ascii: "+"),
      last >= UInt8(ascii: "0"), last <= UInt8(ascii: "9"),
      text.count == 1 || first != UInt8(ascii: "0") || text[1] == UInt8(ascii: ".")
        || text[1] == UInt8(ascii: "e")
    else { throw Unexpected() }
    return Substring(decoding: text, as: UTF8.self)
  }

  /// Takes a whole object without escapes in its strings, whatever is in it.
  mutating func object() throws(Unexpected) -> UnsafeBufferPointer<UInt8> {
    let start = position
    try expect("{")
    var depth = 1
    while depth > 0 {
      guard position < bytes.count else { throw Unexpected() }
      switch bytes[position] {
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "\""):
        _ = try rawString()
        continue
      default: break
      }
      position += 1
    }
    return bytes(since: start)
  }
}
