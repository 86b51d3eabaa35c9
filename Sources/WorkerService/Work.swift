import Narrowing
import Trials

/// What the core knows of a work.
struct Work {
  let id: WorkID
  /// Nil for a result that an earlier process left.
  var order: WorkOrder?
  /// The attempt's number, which fences control messages.
  var attempt: Int
  var phase: Phase
  var checkpoints = CheckpointStanding()
  var stall = StallWatch()

  enum Phase {
    /// The images are being fetched, then a checkpoint.
    case preparing
    /// The trial's process runs.
    case training(TrialProgress?)
    /// The process was asked to write a checkpoint and to end.
    case draining
    /// The process was ended at once, for a reason that is reported.
    case killed(TrialFailure)
    /// The process was ended at once, and nobody wants to know.
    case dismissed
    /// The process has ended without a result; checkpoint and log go to the coordinator first.
    case handingBack(TrialFailure, isUnderWay: Bool)
    case uploading(TrialResult)
    case uploadDelayed(TrialResult, until: Duration)
    case reporting(TrialResult, nextReport: Duration)

    var occupiesSlot: Bool {
      switch self {
      case .preparing, .training, .draining, .killed: true
      case .dismissed, .handingBack, .uploading, .uploadDelayed, .reporting: false
      }
    }

    /// Whether the trial's process may be running.
    var hasProcess: Bool {
      switch self {
      case .training, .draining, .killed, .dismissed: true
      case .preparing, .handingBack, .uploading, .uploadDelayed, .reporting: false
      }
    }

    /// Whether the worker says that it has the attempt.
    var isClaimed: Bool {
      if case .dismissed = self { false } else { true }
    }

    var result: TrialResult? {
      switch self {
      case .uploading(let result), .uploadDelayed(let result, _), .reporting(let result, _): result
      case .preparing, .training, .draining, .killed, .dismissed, .handingBack: nil
      }
    }
  }
}
