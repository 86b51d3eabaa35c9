/// A figure or table that a sweep asks for, of the paper but for the last.
package enum SweepOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// The four traces of one run.
  case figure1
  /// Originals and reconstructions of one run.
  case figure2
  /// The front of tolerance against open gates.
  case figure3
  /// Baseline MSE and open gates of the narrowed runs, per data set and size.
  case table1
  /// When each gate closed, and at which error.
  case gates
}
