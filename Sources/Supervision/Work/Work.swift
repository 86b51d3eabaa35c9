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
  var stream = StreamStanding()
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
    /// Its log and its last checkpoint are stored; the trajectory up to that goes to the coordinator.
    case parting(TrialFailure, HandBack)
    /// The result's files go to the coordinator.
    case uploading(SpooledResult)
    case uploadDelayed(SpooledResult, until: Duration)
    /// The coordinator has the files, and not yet all that was handed in while it trained.
    case delivering(SpooledResult)
    case reporting(SpooledResult, nextReport: Duration)

    var occupiesSlot: Bool {
      switch self {
      case .preparing, .training, .draining, .killed: true
      case .dismissed, .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting:
        false
      }
    }

    /// Whether the trial's process may be running.
    var hasProcess: Bool {
      switch self {
      case .training, .draining, .killed, .dismissed: true
      case .preparing, .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting:
        false
      }
    }

    /// Whether the worker says that it has the attempt.
    var isClaimed: Bool {
      if case .dismissed = self { false } else { true }
    }

    var result: SpooledResult? {
      switch self {
      case .uploading(let result), .uploadDelayed(let result, _), .delivering(let result),
        .reporting(let result, _):
        result
      case .preparing, .training, .draining, .killed, .dismissed, .handingBack, .parting: nil
      }
    }
  }
}

extension Work {
  /// Whether the coordinator has a checkpoint of which it lacks the trajectory.
  var awaitsPieces: Bool {
    checkpoints.stored.map { $0 != checkpoints.claimed } ?? false
      || checkpoints.newest.map { !stream.hasTaken($0.checkpoint.trajectory) } ?? false
  }

  /// Claims the newest checkpoint that the coordinator has, if it has its trajectory too.
  ///
  /// - Returns: Whether that is another one than before.
  mutating func claimCheckpoint() -> Bool {
    guard let stored = checkpoints.stored, stored != checkpoints.claimed,
      stream.hasTaken(stored.trajectory)
    else { return false }
    checkpoints.claimed = stored
    return true
  }
}
