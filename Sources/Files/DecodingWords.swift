/// Errors of decoding JSON in words for people.
enum DecodingWords {
  /// A decoding error as one sentence that names the place.
  static func text(_ error: DecodingError) -> String {
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
        + "found \(found.map { noun(of: String($0.1)) } ?? "nothing"), "
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
