import Coordination
import Digests
import Supervision
import Trials

/// A worker with real decisions, and simulated folders and processes of trials that compute
/// nothing.
struct SimulatedBench {
  /// What the simulated coordinator calls its sweep.
  static let sweep = "simulated"
  /// The stall timeout; much longer than a checkpoint interval of the slowest worker.
  static let stallTimeout = Duration.seconds(120)
  /// How long a worker that leaves may take.
  static let drainGrace = Duration.seconds(30)

  var core: WorkerCore
  var checker: WorkerChecker
  let startedAt: Int
  var folders: [WorkID: Folder] = [:]
  /// Checkpoints that dead processes left, newest first.
  var leftCheckpoints: [TrialID: [LocalCheckpoint]]
  var plannedTick: Int?
  var tickNumber = 0

  /// A trial's files and its process.
  struct Folder {
    /// The attempt under which its computation began.
    var attempt: Int
    var configuration: TrialConfiguration
    /// Whether the state at the end is wanted.
    var wantsLast = false
    /// The two newest checkpoints in it, newest first.
    var checkpoints: [LocalCheckpoint] = []
    /// The fetched checkpoint.
    var fetched: LocalCheckpoint?
    /// The prefix before the trajectory's file, and the file's rows.
    var base = TrajectoryStart.beginning
    var rows: [UInt8] = []
    var process: Process?
    var isFinished = false

    /// The trajectory so far.
    var trajectory: TrajectoryPrefix { base.advanced(by: rows).prefix }

    /// The computed result.
    var result: ReceivedResult? {
      isFinished ? SimulatedSweep.result(of: configuration, begunUnder: attempt) : nil
    }
  }

  /// A process that trains.
  struct Process {
    /// Identifies it among all processes.
    let number: Int
    let threads: Int
    var step: Int
    /// When the steps since `step` began.
    var since: Int
    /// How long one checkpoint interval takes.
    let milliseconds: Int
    /// Whether it resumed from a flawed state.
    var isTainted = false
    /// It computes nothing and does not answer.
    var hangs = false
  }

  /// A transfer between a worker and the coordinator.
  enum Transfer {
    case images(WorkID, Supervision.Assignment)
    case checkpointDown(WorkID, Supervision.Assignment)
    case checkpointUp(WorkID, WrittenCheckpoint, since: Int)
    case handBack(WorkID, WrittenCheckpoint?)
    case artifacts(WorkID, SpooledResult)
  }

  /// A worker that finds a spool.
  ///
  /// - Parameters:
  ///   - cores: How many cores the coordinator may divide; 0 if every slot has one.
  ///   - surplus: How many slots, or cores, too many it assumes.
  init(
    slots: Int, cores: Int = 0, surplus: Int, exitsWhenIdle: Bool, patience: Duration, spool: Spool,
    at now: Int
  ) {
    let held = spool.results.enumerated().map { index, entry in
      HeldResult(
        work: WorkID(sweep: Self.sweep, trial: entry.trial, launch: index + 1),
        attempt: entry.attempt, result: SpooledResult(entry.result), trajectory: entry.base)
    }
    core = WorkerCore(
      slots: slots + surplus,
      cores: cores > 0 ? .divisible(count: cores + surplus, limit: 8) : .fixed(threads: 1),
      exitsWhenIdle: exitsWhenIdle, patience: patience,
      drainGrace: Self.drainGrace,
      held: held, at: .zero)
    checker = WorkerChecker(
      slots: slots, cores: cores, patience: patience, drainGrace: Self.drainGrace, held: held,
      at: .zero)
    startedAt = now
    leftCheckpoints = spool.checkpoints
    for (held, entry) in zip(held, spool.results) {
      folders[held.work] = Folder(
        attempt: entry.begunUnder, configuration: entry.configuration, base: entry.base,
        rows: entry.rows, isFinished: true)
    }
  }

  /// Time on the worker's own clock.
  func instant(_ now: Int) -> Duration { .milliseconds(now - startedAt) }

  /// The files that the next process finds.
  ///
  /// - Parameter keepsCheckpoints: Whether checkpoints of unfinished trials stay.
  func spool(keepsCheckpoints: Bool) -> Spool {
    var spool = Spool()
    if keepsCheckpoints { spool.checkpoints = leftCheckpoints }
    for (id, folder) in folders.sorted(by: { $0.key < $1.key }) {
      if folder.isFinished {
        // Results of one trial are equal, except discarded ones.
        if let index = spool.results.firstIndex(where: { $0.trial == id.trial }) {
          guard spool.results[index].begunUnder < folder.attempt else { continue }
          spool.results.remove(at: index)
        }
        let attempt = core.claims.first { $0.trial == id.trial }?.attempt
        spool.results.append(
          Spool.Entry(
            trial: id.trial, attempt: max(attempt ?? 0, folder.attempt),
            begunUnder: folder.attempt, configuration: folder.configuration, base: folder.base,
            rows: folder.rows))
      } else if keepsCheckpoints, !folder.checkpoints.isEmpty {
        let all = (spool.checkpoints[id.trial] ?? []) + folder.checkpoints
        spool.checkpoints[id.trial] = all.sorted { $0.step > $1.step }
      }
    }
    return spool
  }

  /// How many processes train.
  var processCount: Int { folders.values.count { $0.process != nil } }

  /// How many threads they have.
  var threadCount: Int { folders.values.reduce(0) { $0 + ($1.process?.threads ?? 0) } }

  /// Steps since the last checkpoint, which are lost with the process.
  func stepsInHand(at now: Int) -> Int {
    folders.values.reduce(0) { $0 + ($1.process?.stepsInHand(at: now) ?? 0) }
  }
}

extension SimulatedBench.Process {
  /// Steps since `step`, fewer than an interval has.
  func stepsInHand(at now: Int) -> Int {
    guard !hangs else { return 0 }
    let end = (step / SimulatedSweep.interval + 1) * SimulatedSweep.interval
    return min((now - since) * SimulatedSweep.interval / milliseconds, end - step - 1)
  }
}

extension WorkerEvent {
  /// The worker's event for a directive.
  init(_ directive: Directive) {
    self =
      switch directive {
      case .welcome(let interval, let lostAfter):
        .welcomed(
          sweep: SimulatedBench.sweep, heartbeatInterval: interval, lostAfter: lostAfter)
      case .heartbeat: .coordinatorBeat
      case .assign(let assignment):
        .assigned(
          Supervision.Assignment(
            sweep: SimulatedBench.sweep, trial: assignment.trial, attempt: assignment.attempt,
            configuration: assignment.configuration, images: SimulatedSweep.images,
            imagesByteCount: 1,
            checkpoints: assignment.checkpoints, stallTimeout: SimulatedBench.stallTimeout,
            voidThrough: assignment.voidThrough, distrustedThrough: assignment.distrustedThrough,
            wantsLastCheckpoint: assignment.wantsLastCheckpoint, threads: assignment.threads))
      case .assignThreads(let trial, let attempt, let threads):
        .threadsAssigned(trial: trial, attempt: attempt, threads: threads)
      case .acknowledge(let trial, let attempt): .acknowledged(trial: trial, attempt: attempt)
      case .abandon(let trial, let attempt, let reason):
        .abandoned(trial: trial, attempt: attempt, reason: reason)
      case .reportTaken(let trial, let attempt, let index):
        .reportTaken(trial: trial, attempt: attempt, index: index)
      case .pieceTaken(let trial, let attempt, let byteCount):
        .pieceTaken(trial: trial, attempt: attempt, byteCount: byteCount)
      case .trajectoryUnknown(let trial, let attempt, let byteCount):
        .trajectoryUnknown(trial: trial, attempt: attempt, byteCount: byteCount)
      case .announceAgain: .announcementRequested
      case .drain(let reason): .drainRequested(reason: reason)
      case .refuse(let reason, let remedy): .refused(reason: "\(reason); \(remedy)")
      case .shutDown(let reason): .sweepEnded(reason: reason)
      }
  }
}

extension SpooledResult {
  /// The spooled form of a result.
  init(_ result: ReceivedResult) {
    self.init(
      bytes: Array(result.result.provenance.started.utf8), artifacts: result.result.artifacts,
      seconds: 0)
  }
}
