import Digests

/// The identity of a trial: the first 64 bits of the SHA-256 of its canonical configuration.
///
/// The same point asked twice is one trial, and a repeated sweep finds its old results. Text
/// form: 16 lowercase hexadecimal digits.
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

  /// Parses 16 hexadecimal digits; nil for anything else.
  package init?(_ text: some StringProtocol) {
    guard let value = UInt64(hexadecimal: String(text)) else { return nil }
    rawValue = value
  }

  /// Parses 16 hexadecimal digits in UTF-8; nil for anything else.
  package init?(utf8 digits: UnsafeBufferPointer<UInt8>) {
    guard let value = UInt64(hexadecimal: digits) else { return nil }
    rawValue = value
  }
}

extension TrialID: CustomStringConvertible {
  package var description: String { rawValue.hexadecimal }
}

extension TrialID: Comparable {
  package static func < (left: TrialID, right: TrialID) -> Bool { left.rawValue < right.rawValue }
}

extension TrialID: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = TrialID(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a trial name of 16 hexadecimal digits, found \"\(text)\""))
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
