/// A numeric setting: either a value known when the sweep is planned, or the result of an earlier
/// trial, read when this trial starts.
package enum Parameter<Value: Codable & Hashable & Sendable>: Hashable, Sendable {
  /// A known value.
  case value(Value)
  /// Taken from a parent trial's result.
  case measured(ParentMeasurement)
}

extension Parameter {
  /// The measurement that the value waits for, if any.
  package var measurement: ParentMeasurement? {
    if case .measured(let measurement) = self { return measurement }
    return nil
  }
}

extension Parameter: Codable {
  package init(from decoder: any Decoder) throws {
    try self.init(from: decoder, expected: nil)
  }

  /// Decodes a number or a measurement.
  ///
  /// - Parameter expected: The expected number in words, for the error.
  init(from decoder: any Decoder, expected: String?) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = .value(try container.decode(Value.self))
    } catch {
      if (try? decoder.container(keyedBy: TextKey.self)) != nil {
        self = .measured(try container.decode(ParentMeasurement.self))
        return
      }
      guard let expected, let found = try? container.decode(Double.self) else { throw error }
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "found \(found), expected \(expected)"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .value(let value): try container.encode(value)
    case .measured(let measurement): try container.encode(measurement)
    }
  }
}
