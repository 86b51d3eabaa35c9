import Digests

/// The identity of a trial: the first 64 bits of the SHA-256 of its canonical configuration.
///
/// The same point asked twice is one trial, and a repeated sweep finds its old results.
///
/// What people see and files are named by is `t` and 16 lowercase hexadecimal digits: digits alone,
/// such as `9e29165784887853`, are numbers to spreadsheets and tables. The record, the protocol and
/// canonical configurations hold the digits alone (``digits``). Both forms are read.
package struct TrialID: Hashable, Sendable {
  /// The 64 bits.
  package let rawValue: UInt64

  /// Wraps 64 bits.
  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The identity of a canonical configuration text.
  package init(ofCanonicalText text: String) {
    rawValue = Digest.of(text).leadingBits
  }

  /// Parses 16 hexadecimal digits, with or without the `t` before them; nil for anything else.
  package init?(_ text: some StringProtocol) {
    guard let value = UInt64(hexadecimal: String(Self.withoutLetter(text))) else { return nil }
    rawValue = value
  }

  /// Parses 16 hexadecimal digits in UTF-8; nil for anything else.
  package init?(utf8 digits: UnsafeBufferPointer<UInt8>) {
    guard let value = UInt64(hexadecimal: digits) else { return nil }
    rawValue = value
  }

  /// The 16 digits alone, as records, messages and canonical configurations hold them.
  package var digits: String { rawValue.hexadecimal }

  /// A trial's name, or the beginning of one, without the letter before its digits.
  package static func withoutLetter<Text: StringProtocol>(_ text: Text) -> Text.SubSequence {
    text.first == "t" || text.first == "T" ? text.dropFirst() : text[...]
  }
}

extension TrialID: CustomStringConvertible {
  package var description: String { "t" + digits }
}

extension TrialID: Comparable {
  package static func < (left: TrialID, right: TrialID) -> Bool { left.rawValue < right.rawValue }
}

/// Coded as ``digits``.
extension TrialID: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = TrialID(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a trial name, t and 16 hexadecimal digits, found \"\(text)\"")
      )
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(digits)
  }
}
