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
  package static func describe(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .dataCorrupted(let context):
      let number = context.debugDescription.firstMatch(of: /Number (\S+) is not representable/)
      return place(context.codingPath)
        + (number.map { "found \($0.1), expected a whole number" } ?? context.debugDescription)
    case .keyNotFound(let key, let context):
      return place(context.codingPath) + "missing key \"\(key.stringValue)\""
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let found = context.debugDescription.firstMatch(of: /found (?:an? )?(.+?)(?: value)? instead/)
      return place(context.codingPath)
        + "found \(found.map { Self.noun(of: String($0.1)) } ?? "nothing"), "
        + "expected \(noun(of: type))"
    @unknown default: return "\(error)"
    }
  }

  /// The values of a type in plain words.
  private static func noun(of type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "an object"
    }
  }

  /// Foundation's "number", "array", "dictionary" and so on in plain words.
  private static func noun(of found: String) -> String {
    switch found {
    case "number": "a number"
    case "string": "a text"
    case "array": "a list"
    case "dictionary": "an object"
    case "bool": "true or false"
    case "null", "nil": "null"
    default: found
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "" : path.map(\.stringValue).joined(separator: ".") + ": "
  }
}
