import Foundation

/// The one JSON spelling that identities are hashed from: sorted keys, no white space, shortest
/// round-trip numbers, UTF-8.
package enum CanonicalJSON {
  /// The canonical text of a value.
  ///
  /// What JSON cannot hold, which validation refuses before, becomes one of the texts `"NaN"`,
  /// `"Infinity"` and `"-Infinity"`, and is no number when it is read.
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
  /// - Throws: `DecodingError`, whose place and expectation ``describe(_:)`` puts into words; also
  ///   where an object has a key twice, of which readers would take one or the other.
  package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value
  {
    let value = try JSONDecoder().decode(type, from: data)
    if let key = DuplicateKeys.first(in: data) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "found the key \"\(key)\" twice in one object"))
    }
    return value
  }

  /// A decoding error as one sentence that names the place.
  package static func describe(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .dataCorrupted(let context): return place(context.codingPath) + context.debugDescription
    case .keyNotFound(let key, let context):
      return place(context.codingPath) + "missing key \"\(key.stringValue)\""
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return place(context.codingPath) + context.debugDescription
    @unknown default: return "\(error)"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "" : path.map(\.stringValue).joined(separator: ".") + ": "
  }
}
