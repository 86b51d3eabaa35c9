import Supervision
import TestSupport
import Trials

extension Samples {
  /// A result as a trial's process leaves it, without a trajectory.
  static let spooled = SpooledResult(bytes: [1, 2, 3], artifacts: result.artifacts, seconds: 2)
}
