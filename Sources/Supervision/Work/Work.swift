import Trials

/// The core's state of a work.
struct Work {
  let id: WorkID
  /// Nil for a held result of an earlier process.
  var assignment: Assignment?
  /// The attempt's number; messages about earlier attempts are ignored.
  var attempt: Int
  var phase: Phase
  var checkpoints = CheckpointStanding()
  var stream = StreamStanding()
  var stall = StallWatch()
  /// How many threads the process is to have.
  var threads = 1
  /// How many the latest process has had since its start; nil before the first process.
  var usedThreads: Int?
  /// The checkpoint that the first process began with.
  var start: FetchedCheckpoint?
  /// Whether the process that starts goes on where this worker's last one stopped.
  var isRestarted = false

  enum Phase {
    /// The images are being fetched, then a checkpoint.
    case preparing
    /// The trial's process runs.
    case training(TrialProgress?)
    /// The process was asked to write a checkpoint and exit, to go on with other threads.
    case changingThreads(TrialProgress?)
    /// The process was asked to write a checkpoint and exit.
    case draining
    /// The process was killed, for a reason that will be reported.
    case killed(TrialFailure)
    /// The process was killed; nothing will be reported.
    case dismissed
    /// The process has ended without a result. Checkpoint and log are uploaded before the report.
    case handingBack(TrialFailure, isUnderWay: Bool)
    /// Log and last checkpoint are stored. The trajectory up to the checkpoint is being sent.
    case parting(TrialFailure, HandBack)
    /// The result's files are being uploaded.
    case uploading(SpooledResult)
    case uploadDelayed(SpooledResult, until: Duration)
    /// The coordinator has the files but not yet all reports and pieces.
    case delivering(SpooledResult)
    case reporting(SpooledResult, nextReport: Duration)

    var occupiesSlot: Bool {
      switch self {
      case .preparing, .training, .changingThreads, .draining, .killed: true
      case .dismissed, .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting:
        false
      }
    }

    /// Whether the trial's process may be running.
    var hasProcess: Bool {
      switch self {
      case .training, .changingThreads, .draining, .killed, .dismissed: true
      case .preparing, .handingBack, .parting, .uploading, .uploadDelayed, .delivering, .reporting:
        false
      }
    }

    /// Whether the worker claims the attempt.
    var isClaimed: Bool {
      if case .dismissed = self { false } else { true }
    }

    var result: SpooledResult? {
      switch self {
      case .uploading(let result), .uploadDelayed(let result, _), .delivering(let result),
        .reporting(let result, _):
        result
      case .preparing, .training, .changingThreads, .draining, .killed, .dismissed, .handingBack,
        .parting:
        nil
      }
    }
  }
}

extension Work {
  /// How many cores it takes: while its threads change, the larger number.
  var coreCount: Int { phase.occupiesSlot ? max(threads, usedThreads ?? 0) : 0 }

  /// Whether the coordinator lacks the trajectory of a checkpoint.
  var awaitsPieces: Bool {
    checkpoints.stored.map { $0 != checkpoints.claimed } ?? false
      || checkpoints.newest.map { !stream.hasTaken($0.checkpoint.trajectory) } ?? false
  }

  /// Adds the newest stored checkpoint to the claim, once the coordinator has its trajectory.
  ///
  /// - Returns: Whether the claimed checkpoint has changed.
  mutating func claimCheckpoint() -> Bool {
    guard let stored = checkpoints.stored, stored != checkpoints.claimed,
      stream.hasTaken(stored.trajectory)
    else { return false }
    checkpoints.claimed = stored
    return true
  }
}
