/// A numeric setting that is either known when the sweep is planned or taken, when its trial
/// starts, from what an earlier trial reported.
package enum Parameter<Value: Codable & Hashable & Sendable>: Hashable, Sendable {
  /// Known from the start.
  case value(Value)
  /// Taken from a parent trial's result.
  case measured(ParentOutput)
}

extension Parameter {
  /// The parent that the value waits for, if any.
  package var parentOutput: ParentOutput? {
    if case .measured(let parentOutput) = self { return parentOutput }
    return nil
  }
}

extension Parameter: Codable {
  package init(from decoder: any Decoder) throws {
    try self.init(from: decoder, expected: nil)
  }

  /// Decodes a number or an object that says where it is measured.
  ///
  /// - Parameter expected: What number there should be, for the error where there is neither.
  init(from decoder: any Decoder, expected: String?) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = .value(try container.decode(Value.self))
    } catch {
      if (try? decoder.container(keyedBy: TextKey.self)) != nil {
        self = .measured(try container.decode(ParentOutput.self))
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
    case .measured(let parentOutput): try container.encode(parentOutput)
    }
  }
}
