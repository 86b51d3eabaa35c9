import Trials

/// How many trials have each status.
package struct TrialCounts: Hashable, Sendable {
  /// Not leased yet.
  package var waiting = 0
  /// Leased to a worker.
  package var running = 0
  /// With a result.
  package var complete = 0
  /// Failed and not retried.
  package var failed = 0
  /// Stopped by a person.
  package var stopped = 0

  /// No trials at all.
  package init() {}

  /// All trials of the plan.
  package var total: Int { waiting + running + complete + failed + stopped }
  /// Whether no trial waits or runs.
  package var haveAllEnded: Bool { waiting + running == 0 }

  /// The count of a status that the coordinator gives to trials.
  subscript(status: TrialStatus) -> Int {
    get { self[keyPath: Self.keyPath(of: status)] }
    set { self[keyPath: Self.keyPath(of: status)] = newValue }
  }

  private static func keyPath(of status: TrialStatus) -> WritableKeyPath<TrialCounts, Int> {
    switch status {
    case .waiting: \.waiting
    case .running: \.running
    case .complete: \.complete
    case .failed: \.failed
    case .stopped: \.stopped
    }
  }
}
