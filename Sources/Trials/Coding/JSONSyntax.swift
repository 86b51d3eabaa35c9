import Foundation

/// Checks the syntax of JSON text: RFC 8259, and no key twice in one object.
///
/// Foundation's decoder does not say where or what a syntax error is, and takes the first of two
/// equal keys where other readers take the last.
struct JSONSyntax {
  private static let depthMaximum = 64
  private let bytes: [UInt8]
  private var position = 0
  private var path: [String] = []

  /// Checks a text.
  ///
  /// - Throws: `DecodingError` with the place in the text, what was found and what was expected.
  static func check(_ data: Data) throws {
    var syntax = JSONSyntax(bytes: [UInt8](data))
    guard !data.starts(with: [0xEF, 0xBB, 0xBF]) else {
      throw syntax.failure("JSON from the first byte on", found: "a byte order mark")
    }
    try syntax.skipSpace()
    try syntax.value()
    try syntax.skipSpace()
    guard syntax.position == syntax.bytes.count else { throw syntax.failure("the end of the text") }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func value() throws {
    guard path.count < Self.depthMaximum else {
      throw failure("at most \(Self.depthMaximum) objects and lists in one another")
    }
    switch next ?? 0 {
    case UInt8(ascii: "{"): try object()
    case UInt8(ascii: "["): try list()
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    default:
      guard ["true", "false", "null"].contains(word) else {
        throw failure("a number, text, object, list, true, false or null")
      }
      position += word.utf8.count
    }
  }

  private mutating func object() throws {
    position += 1
    var keys: Set<String> = []
    try skipSpace()
    if take("}") { return }
    repeat {
      try skipSpace()
      let start = position
      guard next == UInt8(ascii: "\"") else { throw failure("a key in quotation marks") }
      let key = try text()
      guard keys.insert(key).inserted else {
        position = start
        throw failure("every key once", found: "\"\(key)\" a second time")
      }
      try skipSpace()
      guard take(":") else { throw failure("a colon") }
      try skipSpace()
      path.append(key)
      try value()
      path.removeLast()
      try skipSpace()
    } while take(",")
    guard take("}") else { throw failure("a comma or a closing brace") }
  }

  private mutating func list() throws {
    position += 1
    try skipSpace()
    if take("]") { return }
    var index = 0
    repeat {
      try skipSpace()
      path.append("\(index)")
      try value()
      path.removeLast()
      index += 1
      try skipSpace()
    } while take(",")
    guard take("]") else { throw failure("a comma or a closing bracket") }
  }

  /// Reads a string with its quotation marks and decodes escapes, since `"a"` and `"\u0061"` are
  /// the same key.
  private mutating func text() throws -> String {
    let start = position
    position += 1
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw failure("a text without line ends and control characters") }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard take("\"") else { throw failure("a closing quotation mark") }
    let data = Data(bytes[start..<position])
    guard let text = try? JSONDecoder().decode(String.self, from: data) else {
      position = start
      throw failure("a text with known escapes")
    }
    return text
  }

  private mutating func number() throws {
    let pattern = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/
    let word = word
    guard word.wholeMatch(of: pattern) != nil, let value = Double(word), value.isFinite else {
      throw failure("a number within ±1.8e308, such as 3, 0.5 or 1e-5")
    }
    position += word.utf8.count
  }

  /// The text from here to the next white space or punctuation.
  private var word: String {
    let ends = Array(",:]}[{\"".utf8)
    let rest = bytes[position...].prefix { $0 > 0x20 && !ends.contains($0) }
    return String(decoding: rest.prefix(40), as: UTF8.self)
  }

  private mutating func skipSpace() throws {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func failure(_ expected: String, found: String? = nil) -> DecodingError {
    let before = bytes.prefix(position)
    let line = before.count { $0 == 0x0A } + 1
    let column = position - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    let here =
      found ?? (word.isEmpty ? next.map { "\"\(Unicode.Scalar($0))\"" } : word) ?? "the end"
    let place = path.isEmpty ? "" : path.joined(separator: ".") + ": "
    return .dataCorrupted(
      .init(
        codingPath: [],
        debugDescription:
          "line \(line), column \(column): \(place)found \(here), expected \(expected)"))
  }
}
