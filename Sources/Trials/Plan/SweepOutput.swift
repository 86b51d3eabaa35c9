/// A figure or table that a sweep requests; all but the last are the paper's.
package enum SweepOutput: String, CaseIterable, Codable, Hashable, Sendable {
  /// The four traces of one run.
  case figure1
  /// Originals and reconstructions of one run.
  case figure2
  /// The front of tolerance against open gates.
  case figure3
  /// Baseline MSE and open gates of the narrowed runs, per data set and size.
  case table1
  /// The step and the error at which each gate closed.
  case gates
}
