/// What is wrong with a configuration.
package enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A measured parameter whose parent has not reported.
  case parentWithoutResult(TrialID)
  /// A parent's number that its setting cannot take.
  case valueOutOfRange(setting: String, found: Double, expected: String)
  /// A combination of settings that makes no sense.
  case invalid(setting: String, found: String, expected: String)

  package var description: String {
    switch self {
    case .parentWithoutResult(let trial): "trial \(trial) has no result yet"
    case .valueOutOfRange(let setting, let found, let expected):
      "\(setting): found \(found), expected \(expected)"
    case .invalid(let setting, let found, let expected):
      "\(setting): found \(found), expected \(expected)"
    }
  }
}
