import Supervision
import TestSupport
import Trials

extension Samples {
  /// A spooled result without a trajectory.
  static let spooled = SpooledResult(bytes: [1, 2, 3], artifacts: result.artifacts, seconds: 2)
}
