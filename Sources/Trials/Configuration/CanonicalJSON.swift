import Foundation

/// The one JSON spelling that identities are hashed from: sorted keys, no white space, shortest
/// round-trip numbers, UTF-8.
package enum CanonicalJSON {
  /// The canonical text of a value.
  ///
  /// Traps on values that JSON cannot hold (a NaN), which validation refuses before.
  package static func text(_ value: some Encodable) -> String {
    String(decoding: data(value), as: UTF8.self)
  }

  /// The canonical text of a value as UTF-8 bytes.
  package static func data(_ value: some Encodable) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(value)
    } catch {
      preconditionFailure("a value that JSON cannot hold: \(error)")
    }
  }

  /// Decodes a value from JSON text.
  ///
  /// - Throws: `DecodingError`, whose place and expectation ``describe(_:)`` puts into words.
  package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value
  {
    try JSONDecoder().decode(type, from: data)
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
