import Trials

/// Why a trial ends before its last milestone.
package struct QuietFinding: Hashable, Sendable {
  /// `quiet`, `oscillating` or `unreachable`.
  package let ending: ReportEnding
  /// The step from which on the ending's condition held.
  package let sinceStep: Int
  /// The gates that open and close, ascending; nil unless the ending is `oscillating`.
  package let alternatingGates: [Int]?
}
