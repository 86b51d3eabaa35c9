import Trials

/// Gives trials the threads that the coordinator orders, never more than the worker has cores.
///
/// A running trial changes at a checkpoint: its process writes one and exits, and the next process
/// goes on from it. The attempt, its reports and its trajectory continue, and so do the bits.
extension WorkerCore {
  /// How many threads a work may have of those that were ordered; 0 if no core is free.
  ///
  /// - Parameter id: The work, which keeps what it has; nil for a new one.
  func threads(ordered: Int?, for id: WorkID?) -> Int {
    switch cores {
    case .fixed(let threads): return threads
    case .divisible(let count, let limit):
      let taken = works.values.reduce(0) { $1.id == id ? $0 : $0 + $1.coreCount }
      return min(max(ordered ?? 1, 1), limit, max(count - taken, 0))
    }
  }

  /// Changes the threads of an attempt, now or when it has begun.
  mutating func setThreads(_ ordered: Int, of trial: TrialID, _ attempt: Int) -> [WorkerEffect] {
    guard cores.divisibleCount > 0, let work = work(on: trial), work.attempt == attempt,
      work.phase.occupiesSlot
    else { return [] }
    let granted = max(threads(ordered: ordered, for: work.id), 1)
    works[work.id]?.threads = granted
    return changeThreads(of: work.id)
  }

  /// Asks a trial's process to write a checkpoint and exit if it is to have other threads.
  ///
  /// Only after its first progress, since before that it may not heed the request.
  mutating func changeThreads(of id: WorkID) -> [WorkerEffect] {
    guard stopping == nil, let work = works[id], work.threads != work.usedThreads,
      case .training(let progress?) = work.phase
    else { return [] }
    works[id]?.phase = .changingThreads(progress)
    return [.drainTrial(id)]
  }

  /// Starts the next process of a trial whose last one has exited to change its threads.
  mutating func restart(_ work: Work, at now: Duration) -> [WorkerEffect] {
    guard let assignment = work.assignment else { return [] }
    var start = work.start
    if let newest = work.checkpoints.newest {
      let step = newest.checkpoint.step
      start = FetchedCheckpoint(
        file: newest.file, stored: nil, trajectory: work.stream.base,
        rows: FetchedCheckpoint.rowsName(step: step))
    }
    works[work.id]?.phase = .training(nil)
    works[work.id]?.usedThreads = work.threads
    works[work.id]?.isRestarted = true
    // If the checkpoint leads nowhere, the trial is not to blame.
    if work.checkpoints.newest != nil { works[work.id]?.checkpoints.beginsAtOwn = true }
    works[work.id]?.stall.start(at: now)
    let count = work.threads == 1 ? "1 thread" : "\(work.threads) threads"
    return [
      .notify("trial \(work.id.trial) goes on with \(count)"),
      .restartTrial(work.id, assignment, from: start, threads: work.threads),
    ]
  }

  /// Notes where a restarted process begins.
  ///
  /// One that cannot use its own checkpoint is ended, and the coordinator assigns the trial again
  /// from the checkpoint that it has.
  mutating func noteRestart(
    of work: Work, _ beginning: TrialBeginning, at now: Duration
  ) -> [WorkerEffect] {
    works[work.id]?.isRestarted = false
    guard beginning.refusals.isEmpty, beginning.trajectory.prefix == work.stream.base.prefix else {
      let reason = beginning.refusals.first ?? "another trajectory than before"
      works[work.id]?.checkpoints.newest = nil
      works[work.id]?.phase = .killed(
        TrialFailure(
          cause: .lost, message: "it could not go on from its own checkpoint: \(reason)"))
      return [.killTrial(work.id)]
    }
    works[work.id]?.stream.resume(at: now)
    return []
  }
}
