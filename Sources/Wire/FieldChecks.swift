import Digests
import Foundation
import Trials

/// Checks the bounds of received fields.
enum Field {
  static func digest(_ bytes: Data, _ place: String) throws(WireError) -> Digest {
    guard let digest = Digest(bytes: bytes) else {
      throw .malformed(place: place, found: "\(bytes.count) bytes", expected: "32 bytes")
    }
    return digest
  }

  static func attempt(_ trial: UInt64, _ attempt: UInt32) throws(WireError) -> AttemptKey {
    guard attempt > 0 else {
      throw .malformed(place: "attempt", found: "0", expected: "at least 1")
    }
    return AttemptKey(
      trial: TrialID(rawValue: trial),
      attempt: try count(attempt, "attempt", in: 1...AttemptKey.maximum))
  }

  static func count(
    _ value: some BinaryInteger, _ place: String, in range: ClosedRange<Int> = 0...Int.max
  ) throws(WireError) -> Int {
    guard let count = Int(exactly: value), range.contains(count) else {
      throw .malformed(
        place: place, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
    return count
  }

  /// A possible size of a blob in bytes.
  static func byteCount(_ value: UInt64, _ place: String) throws(WireError) -> Int {
    try count(value, place, in: 0...WireLimits.byteCountMaximum)
  }

  static func finite(_ value: Double, _ place: String) throws(WireError) -> Double {
    guard value.isFinite else {
      throw .malformed(place: place, found: "\(value)", expected: "a finite number")
    }
    return value
  }

  /// A rate per second: 0, or a value in the allowed range.
  static func rate(_ value: Double, _ place: String) throws(WireError) -> Double {
    guard value == 0 || WireLimits.rateRange.contains(value) else {
      throw .malformed(
        place: place, found: "\(value)",
        expected: "0, or \(WireLimits.rateRange.lowerBound) to \(WireLimits.rateRange.upperBound)")
    }
    return value
  }

  static func finite(_ values: [Double], _ place: String) throws(WireError) -> [Double] {
    for value in values { _ = try finite(value, place) }
    return values
  }

  static func bytes(_ bytes: Data, _ place: String, limit: Int) throws(WireError) -> [UInt8] {
    guard bytes.count <= limit else {
      throw .tooLarge(place: "\(place) bytes", count: bytes.count, limit: limit)
    }
    return [UInt8](bytes)
  }

  /// A number of threads; nil for 0, which leaves it open.
  static func threads(_ number: UInt32) throws(WireError) -> Int? {
    let threads = try count(number, "threads", in: 0...WireLimits.coreCount)
    return threads == 0 ? nil : threads
  }

  static func identifier(_ text: String, _ place: String) throws(WireError) -> String {
    guard (1...WireLimits.identifierCount).contains(text.utf8.count),
      text.utf8.allSatisfy(isIdentifierByte)
    else {
      throw .malformed(
        place: place, found: String(reflecting: String(text.prefix(40))),
        expected: "1 to \(WireLimits.identifierCount) letters, digits and ._:@+-")
    }
    return text
  }

  private static func isIdentifierByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "._:@+-".utf8.contains(byte)
    }
  }

  /// A received text without terminal control characters; it may have several lines.
  static func text(
    _ text: String, _ place: String, limit: Int = WireLimits.textByteCount
  ) throws(WireError) -> String {
    guard text.utf8.count <= limit else {
      throw .tooLarge(place: "\(place) bytes", count: text.utf8.count, limit: limit)
    }
    return PlainText.lines(text)
  }

  /// A received text of one line without terminal control characters.
  static func line(
    _ text: String, _ place: String, limit: Int = WireLimits.textByteCount
  ) throws(WireError) -> String {
    guard text.utf8.count <= limit else {
      throw .tooLarge(place: "\(place) bytes", count: text.utf8.count, limit: limit)
    }
    return PlainText.line(text)
  }

  /// The beginning of a text, cut to a message's limit.
  static func head(of text: String, limit: Int = WireLimits.textByteCount) -> String {
    text.utf8.count <= limit ? text : String(cut: text.utf8.prefix(limit))
  }

  /// The end of a text, cut to a message's limit.
  static func tail(of text: String, limit: Int) -> String {
    text.utf8.count <= limit ? text : String(cut: text.utf8.suffix(limit))
  }
}

extension String {
  /// The complete characters of a piece of UTF-8 text.
  fileprivate init(cut bytes: Substring.UTF8View) {
    var bytes = bytes
    while let first = bytes.first, first & 0xC0 == 0x80 { bytes.removeFirst() }
    var text = String(decoding: bytes, as: UTF8.self)
    while text.utf8.count > bytes.count || text.unicodeScalars.last == "\u{FFFD}" {
      text.unicodeScalars.removeLast()
    }
    self = text
  }
}
