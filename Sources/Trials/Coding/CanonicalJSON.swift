import Files
import Foundation

/// The canonical form of JSON, which identities are hashed from: sorted keys, no white space,
/// shortest round-trip numbers, UTF-8.
package enum CanonicalJSON {
  /// The canonical text of a value.
  ///
  /// Numbers that JSON cannot hold become the texts `"NaN"`, `"Infinity"` and `"-Infinity"`, which
  /// do not read back as numbers; validation refuses them before.
  package static func text(_ value: some Encodable) -> String {
    String(decoding: data(value), as: UTF8.self)
  }

  /// The canonical text of a value as UTF-8 bytes.
  package static func data(_ value: some Encodable) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    do {
      return try encoder.encode(value)
    } catch {
      preconditionFailure("a value that JSON cannot hold: \(error)")
    }
  }

  /// Decodes a value from JSON text.
  ///
  /// - Throws: `DecodingError`, see ``describe(_:)``; also if an object has a key twice, because
  ///   readers disagree on which value counts.
  package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value
  {
    let value = try JSONDecoder().decode(type, from: data)
    if let key = DuplicateKeys.first(in: data) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "found the key \"\(key)\" twice in one object"))
    }
    return value
  }

  /// Decodes a value from JSON text that a person may have written.
  ///
  /// - Throws: As ``decode(_:from:)``, but syntax errors name line and column.
  package static func decodeStrictly<Value: Decodable>(
    _ type: Value.Type, from data: Data
  ) throws -> Value {
    try JSONSyntax.check(data)
    return try decode(type, from: data)
  }

  /// A decoding error as one sentence that names the place.
  package static func describe(_ error: any Error) -> String { ErrorWords.text(error) }
}
