/// How a report leaves its trial: a word for people, and whether the trial ends with it.
///
/// The words are open: a coordinator that does not know one still knows whether it is final.
package struct ReportEnding: Hashable, Sendable, Codable {
  /// The word, 1 to 32 letters and hyphens.
  package let word: String
  /// Whether the trial ends with the report.
  package let isFinal: Bool

  /// The trial trains on.
  package static let goesOn = ReportEnding(unchecked: "goes-on", isFinal: false)
  /// The last budget is spent.
  package static let budget = ReportEnding(unchecked: "budget", isFinal: true)
  /// Nothing changes any more; see ``QuietRule``, also for the next two.
  package static let quiet = ReportEnding(unchecked: "quiet", isFinal: true)
  /// One or two gates go on opening and closing, and nothing else changes.
  package static let oscillating = ReportEnding(unchecked: "oscillating", isFinal: true)
  /// The multiplier has long been at its maximum, and the error stays above the tolerance.
  package static let unreachable = ReportEnding(unchecked: "unreachable", isFinal: true)

  /// The most characters of a word.
  package static let wordCountMaximum = 32

  /// An ending; nil when the word is none.
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
