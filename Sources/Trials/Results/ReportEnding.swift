/// Whether a trial ends with a report, and a word that says why.
///
/// A coordinator accepts words that it does not know; whether the ending is final is separate.
package struct ReportEnding: Hashable, Sendable, Codable {
  /// The word, 1 to 32 letters and hyphens.
  package let word: String
  /// Whether the trial ends with the report.
  package let isFinal: Bool

  /// The trial continues.
  package static let goesOn = ReportEnding(unchecked: "goes-on", isFinal: false)
  /// The last milestone is reached; of a rung of a traced trial, that the rung's budget is spent.
  package static let budget = ReportEnding(unchecked: "budget", isFinal: true)
  /// Gates and error no longer change; this and the next two are from ``QuietRule``.
  package static let quiet = ReportEnding(unchecked: "quiet", isFinal: true)
  /// One or two gates keep opening and closing, and nothing else changes.
  package static let oscillating = ReportEnding(unchecked: "oscillating", isFinal: true)
  /// The multiplier has been at its maximum for long, and the error stays above the tolerance.
  package static let unreachable = ReportEnding(unchecked: "unreachable", isFinal: true)

  /// The same word, of a report that ends the trial or does not.
  ///
  /// The rungs of a traced trial end with the words of trials; only the last ends the trial.
  package func with(isFinal: Bool) -> ReportEnding {
    ReportEnding(unchecked: word, isFinal: isFinal)
  }

  /// The most characters of a word.
  package static let wordCountMaximum = 32

  /// An ending; nil if the word is invalid.
  package init?(word: String, isFinal: Bool) {
    guard (1...Self.wordCountMaximum).contains(word.utf8.count),
      word.utf8.allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
      })
    else { return nil }
    self.init(unchecked: word, isFinal: isFinal)
  }

  private init(unchecked word: String, isFinal: Bool) {
    self.word = word
    self.isFinal = isFinal
  }

  private enum CodingKeys: String, CodingKey {
    case word
    case isFinal = "final"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let word = try container.decode(String.self, forKey: .word)
    let isFinal = try container.decode(Bool.self, forKey: .isFinal)
    guard let ending = ReportEnding(word: word, isFinal: isFinal) else {
      throw DecodingError.dataCorruptedError(
        forKey: .word, in: container,
        debugDescription: "expected 1 to 32 small letters and hyphens, found \"\(word)\"")
    }
    self = ending
  }
}
