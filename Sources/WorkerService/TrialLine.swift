import Foundation
import Narrowing
import Trials

/// A line that a trial's process writes to its standard output for its worker: JSON, one of the
/// parts.
struct TrialLine: Codable {
  /// The trial begins.
  var beginning: TrialBeginning?
  /// How far it is.
  var progress: TrialProgress?
  /// It has written a checkpoint.
  var checkpoint: WrittenCheckpoint?
  /// It ends without a result.
  var failure: TrialFailure?

  /// The line with its end.
  var data: Data { CanonicalJSON.data(self) + Data("\n".utf8) }
}

/// From where a trial begins.
package struct TrialBeginning: Codable, Hashable, Sendable {
  /// The step that it goes on from; 0 at its beginning.
  package var step: Int
  /// Why checkpoints were not of use.
  package var refusals: [String]

  /// The beginning of a trial.
  package init(step: Int, refusals: [String] = []) {
    self.step = step
    self.refusals = refusals
  }
}
