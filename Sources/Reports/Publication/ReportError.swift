import Trials

/// Why one file of a report could not be made; the others are still made.
package enum ReportError: Error, Hashable, Sendable {
  /// A finished trial's file is missing.
  case missingArtifact(trial: TrialID, kind: ArtifactKind, reason: String)
  /// A finished trial's file is malformed.
  case malformedArtifact(
    trial: TrialID, kind: ArtifactKind, place: String, found: String, expected: String)
  /// A report could not be written.
  case unwritable(path: String, reason: String)
  /// A requested report is empty and will stay empty.
  case empty(path: String, reason: String)
}

extension ReportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingArtifact(let trial, let kind, let reason):
      "trial \(trial): \(kind.rawValue) cannot be had: \(reason)"
    case .malformedArtifact(let trial, let kind, let place, let found, let expected):
      "trial \(trial): \(kind.rawValue), \(place): found \(found), expected \(expected)"
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason)"
    case .empty(let path, let reason): "\(path): \(reason)"
    }
  }
}
