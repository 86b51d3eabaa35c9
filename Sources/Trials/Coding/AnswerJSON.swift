import Foundation

/// The version of the commands' `--json` output.
package enum AnswerVersion {
  /// Incremented when a key is removed or changes its meaning; keys may be added within a version.
  package static let current = 2
}

/// The JSON of `--json`.
///
/// An object with its version, keys in snake case and in order, times in ISO 8601. `JSON.md` of
/// CoordinatorService lists every key.
package enum AnswerJSON {
  /// An answer as indented JSON, ending with a line break.
  package static func text(_ answer: some Encodable) -> String {
    let encoder = encoder
    encoder.outputFormatting.insert(.prettyPrinted)
    let data = (try? encoder.encode(Versioned(answer: answer))) ?? Data()
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// How answers are encoded.
  package static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    // A number that JSON cannot represent must not make the whole answer fail.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  private struct Versioned<Answer: Encodable>: Encodable {
    let answer: Answer

    private enum CodingKeys: CodingKey { case version }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(AnswerVersion.current, forKey: .version)
      try answer.encode(to: encoder)
    }
  }
}
