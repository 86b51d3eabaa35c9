import Digests

/// The identity of a trial: the first 64 bits of the SHA-256 of its canonical configuration.
///
/// Equal configurations are one trial, so a repeated sweep finds its old results.
///
/// People and file names use `t` and 16 lowercase hexadecimal digits, because spreadsheets read
/// digits such as `9e29165784887853` as a number. The record, the protocol and canonical
/// configurations use the digits without `t` (``digits``). Both forms are read.
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

  /// Parses 16 hexadecimal digits, with or without `t`; nil for anything else.
  package init?(_ text: some StringProtocol) {
    guard let value = UInt64(hexadecimal: String(Self.withoutLetter(text))) else { return nil }
    rawValue = value
  }

  /// Parses 16 hexadecimal digits in UTF-8; nil for anything else.
  package init?(utf8 digits: UnsafeBufferPointer<UInt8>) {
    guard let value = UInt64(hexadecimal: digits) else { return nil }
    rawValue = value
  }

  /// The 16 digits without `t`, for records, messages and canonical configurations.
  package var digits: String { rawValue.hexadecimal }

  /// A trial's name, or a prefix of one, without the `t`.
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
