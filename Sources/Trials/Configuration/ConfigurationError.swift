/// Why a configuration is invalid or not yet resolved.
package enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A measured parameter whose parent has not reported.
  case parentWithoutResult(TrialID)
  /// A parent's number that is out of the setting's range.
  case valueOutOfRange(setting: String, found: Double, expected: String)
  /// An invalid combination of settings.
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
