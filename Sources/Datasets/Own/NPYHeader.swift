/// The header of an array in NumPy's `.npy` format, versions 1.0, 2.0 and 3.0.
///
/// `numpy.lib.format`: magic `\x93NUMPY`, two bytes of version, the length of the text that
/// follows (16 bits little-endian in version 1.0, 32 bits in later ones), then a Python dictionary
/// of exactly the keys `descr`, `fortran_order` and `shape`, padded with spaces and a newline.
struct NPYHeader: Equatable {
  /// Type of the elements, such as `|u1`.
  var elementType: String
  /// Whether the first index varies fastest.
  var isFortranOrder: Bool
  /// Extents, slowest first in C order.
  var shape: [Int]

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let textLimit = 65_536

  /// Reads the header at the start of a stream; the next byte is then the first element's.
  init(_ stream: DecodedStream) throws(DatasetError) {
    let magic = try stream.bytes(Self.magic.count, "npy magic")
    guard magic == Self.magic else {
      throw .malformed(
        place: stream.place, offset: 0, field: "npy magic", found: hexadecimal(magic),
        expected: hexadecimal(Self.magic))
    }
    let version = try stream.bytes(2, "npy version")
    guard (1...3).contains(version[0]) && version[1] == 0 else {
      throw .malformed(
        place: stream.place, offset: 6, field: "npy version", found: "\(version[0]).\(version[1])",
        expected: "1.0, 2.0 or 3.0")
    }
    let length = try stream.bytes(version[0] == 1 ? 2 : 4, "length of the npy header")
      .reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.textLimit else {
      throw .malformed(
        place: stream.place, offset: 8, field: "length of the npy header", found: "\(length)",
        expected: "at most \(Self.textLimit)")
    }
    let start = stream.offset
    let text = try stream.bytes(length, "npy header")
    var dictionary = NPYDictionary(text: text)
    guard let header = dictionary.parse() else {
      throw .malformed(
        place: stream.place, offset: start + dictionary.position, field: "npy header",
        found: "\"\(String(decoding: text, as: UTF8.self).trimmed)\"",
        expected: "{'descr': '…', 'fortran_order': True or False, 'shape': (…), }")
    }
    self = header
  }

  /// A header of the given content.
  init(elementType: String, isFortranOrder: Bool, shape: [Int]) {
    self.elementType = elementType
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }
}

/// Parses the dictionary of an npy header: a small part of Python's literals.
private struct NPYDictionary {
  let text: [UInt8]
  /// The parser's position, also after an error.
  private(set) var position = 0

  init(text: [UInt8]) {
    self.text = text
  }

  /// The header; nil if the byte at `position` is invalid.
  mutating func parse() -> NPYHeader? {
    var elementType: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    guard take("{") else { return nil }
    while !take("}") {
      let start = position
      guard let key = string(), take(":") else { return nil }
      switch key {
      case "descr" where elementType == nil: elementType = string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = truth()
      case "shape" where shape == nil: shape = tuple()
      default:
        position = start
        return nil
      }
      guard take(",") || peek("}") else { return nil }
    }
    skipSpaces()
    guard position == text.count, let elementType, let isFortranOrder, let shape else {
      return nil
    }
    return NPYHeader(elementType: elementType, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func skipSpaces() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0a { position += 1 }
  }

  private mutating func peek(_ token: String) -> Bool {
    skipSpaces()
    return text[position...].starts(with: token.utf8)
  }

  private mutating func take(_ token: String) -> Bool {
    guard peek(token) else { return false }
    position += token.utf8.count
    return true
  }

  /// A string in single quotes without escapes.
  private mutating func string() -> String? {
    let start = position
    guard take("'"), let end = text[position...].firstIndex(of: UInt8(ascii: "'")) else {
      position = start
      return nil
    }
    defer { position = end + 1 }
    return String(validating: text[position..<end], as: UTF8.self)
  }

  private mutating func truth() -> Bool? {
    if take("True") { return true }
    return take("False") ? false : nil
  }

  /// A tuple of non-negative integers; one element needs its comma.
  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var extents: [Int] = []
    var hasComma = true
    while !take(")") {
      guard hasComma, let extent = integer() else { return nil }
      extents.append(extent)
      hasComma = take(",")
    }
    return extents.count == 1 && !hasComma ? nil : extents
  }

  private mutating func integer() -> Int? {
    skipSpaces()
    let digits = text[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    position = digits.endIndex
    return value
  }
}

extension String {
  /// The text without trailing spaces and newlines, truncated for messages.
  fileprivate var trimmed: String {
    let end = lastIndex { $0 != " " && $0 != "\n" }.map { index(after: $0) } ?? startIndex
    return String(self[..<end].prefix(200))
  }
}
