import Narrowing
import Trials

/// One run of a trial in this worker process: what its processes, files and transfers go by.
///
/// A trial may be run for one sweep while its result for another one waits, and again for the
/// same sweep after it was given up; each run is another work.
package struct WorkID: Hashable, Sendable, Comparable {
  /// The sweep that the trial is run for.
  package var sweep: String
  /// The trial.
  package var trial: TrialID
  /// Counts the runs of this worker process, from 1.
  package var launch: Int

  /// Names a run.
  package init(sweep: String, trial: TrialID, launch: Int) {
    self.sweep = sweep
    self.trial = trial
    self.launch = launch
  }

  package static func < (left: WorkID, right: WorkID) -> Bool {
    (left.trial, left.launch) < (right.trial, right.launch)
  }
}

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

/// The checkpoints of a work.
struct CheckpointStanding {
  /// The newest in the trial's folder.
  var newest: WrittenCheckpoint?
  /// The newest that the coordinator has.
  var stored: TrialCheckpoint?
  /// When the newest of the coordinator was stored.
  var storedAt = Duration.zero

  /// The newest, if the coordinator has only older ones.
  var pending: WrittenCheckpoint? {
    newest.flatMap { $0.checkpoint.step > stored?.step ?? -1 ? $0 : nil }
  }
}

/// Since when a trial has taken no step.
struct StallWatch {
  private var step = -1
  private(set) var since = Duration.zero

  /// Begins to watch.
  mutating func start(at now: Duration) {
    step = -1
    since = now
  }

  /// Takes in how far the trial is.
  mutating func note(step newStep: Int, at now: Duration) {
    guard newStep > step else { return }
    step = newStep
    since = now
  }

  /// Takes in that nobody could see any step for a while.
  mutating func forgive(_ duration: Duration) { since += duration }
}
